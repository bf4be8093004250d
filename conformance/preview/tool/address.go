package tool

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports that Linux gives to connections and to port 0 begin at 32768. One of
// those may be taken again before the program that it is for listens.
const firstPort, lastPort = 15000, 32000

var given struct {
	sync.Mutex
	ports map[int]bool
}

// Address is one of this machine that nobody listens at, and that no connection
// is given meanwhile; each is given once.
func Address() (string, error) {
	given.Lock()
	defer given.Unlock()
	if given.ports == nil {
		given.ports = map[int]bool{}
	}
	for range 1000 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		if given.ports[port] {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		given.ports[port] = true
		return l.Addr().String(), l.Close()
	}
	return "", fmt.Errorf("find a free port between %d and %d", firstPort, lastPort)
}
