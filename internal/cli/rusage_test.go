//go:build linux

package cli

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMaxRSS: what the parent needed isn't counted.
func TestMaxRSS(t *testing.T) {
	const child = "KESBRIDGE_TEST_MAX_RSS"
	if os.Getenv(child) != "" {
		fmt.Printf("max %d\n", maxRSS())
		return
	}
	parent := make([]byte, 512<<20)
	for i := 0; i < len(parent); i += 4096 {
		parent[i] = 1
	}
	if n := maxRSS(); n < int64(len(parent)) {
		t.Errorf("this process had %d bytes at the most", n)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestMaxRSS$")
	cmd.Env = append(os.Environ(), child+"=1")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	if _, err := fmt.Sscanf(string(out[strings.Index(string(out), "max "):]), "max %d", &n); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n < 1<<20 || n > int64(len(parent))-parentShare {
		t.Errorf("a child had %d bytes at the most", n)
	}
	parent[0]++
}

// parentShare is well below the parent's memory, and above what a test needs.
const parentShare = 128 << 20
