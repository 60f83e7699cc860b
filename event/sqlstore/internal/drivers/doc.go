// Package drivers holds the tests of package sqlstore, in a module of their own:
// a program that uses sqlstore does not get the drivers of all databases into
// its module graph.
package drivers
