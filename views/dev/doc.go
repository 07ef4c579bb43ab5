// Package dev is what `millrace dev` alone has: the live page, tokens for whoever asks from this machine, and traffic
// that can be broken.
package dev
