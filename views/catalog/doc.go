// Package catalog reads and writes what the catalog has besides missions: brands, ads, pools and their codes, reward
// templates, and what operators decide over payment health. A write is a command whose verdict is waited for.
package catalog
