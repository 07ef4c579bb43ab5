// Package reward keeps what users have won.
package reward
