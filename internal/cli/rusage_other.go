//go:build !unix

package cli

// maxRSS is unknown here.
func maxRSS() int64 { return 0 }
