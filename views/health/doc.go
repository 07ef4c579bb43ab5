// Package health answers how banks and gateways do, why, and since when, and streams what happens. Nothing but closed
// windows counts.
package health
