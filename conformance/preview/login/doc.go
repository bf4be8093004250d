// Package login lets ESO's controllers of three releases read through stores
// that kesbridge generated from KES's settings, from a stand-in for Vault, STS
// and Secrets Manager that records who asks: it must be who KES was. It only
// has tests, for Linux.
package login
