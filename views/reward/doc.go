// Package reward shows users their rewards and coins, and takes what they and support ask for.
package reward
