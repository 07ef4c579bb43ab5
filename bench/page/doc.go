// Package page measures the mission page of users on a whole server, whose tables hold a million of them.
package page
