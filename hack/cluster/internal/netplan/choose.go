package netplan

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/netip"
)

// Link is the network between the host and a cluster.
type Link struct {
	// Host is the outer end, on the host.
	Host netip.Addr
	// Node is the inner end, in the cluster's network namespace.
	Node netip.Addr
	// Bits is the length of the network's prefix.
	Bits int
}

// linkBits makes networks of four addresses: two usable.
const linkBits = 30

// linkPool is the range that RFC 2544 sets aside for benchmarks of network
// devices: nobody routes it, unlike the private ranges that companies use.
var linkPool = netip.MustParsePrefix("198.18.0.0/15")

// ErrNoFreeNetwork means that every candidate network is in use.
var ErrNoFreeNetwork = errors.New("no free network in " + linkPool.String())

// ChooseLink returns a network that overlaps none of taken. The seed spreads
// clusters over the range, so that one cluster tends to get the same network
// again.
func ChooseLink(seed string, taken []netip.Prefix) (Link, error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(seed))
	count := uint32(1) << (linkBits - linkPool.Bits())
	base := binary.BigEndian.Uint32(linkPool.Addr().AsSlice())
	for i := range count {
		slot := (h.Sum32() + i) % count
		network := base + slot<<(32-linkBits)
		prefix := netip.PrefixFrom(address(network), linkBits)
		if !overlapsAny(prefix, taken) {
			return Link{Host: address(network + 1), Node: address(network + 2), Bits: linkBits}, nil
		}
	}
	return Link{}, ErrNoFreeNetwork
}

// Free says whether the link's network overlaps none of taken.
func (l Link) Free(taken []netip.Prefix) bool {
	return !overlapsAny(netip.PrefixFrom(l.Host, l.Bits).Masked(), taken)
}

func overlapsAny(p netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		// The default route overlaps everything and claims nothing.
		if t.Bits() > 0 && t.Overlaps(p) {
			return true
		}
	}
	return false
}

func address(v uint32) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], v)
	return netip.AddrFrom4(b)
}

// FreePorts returns n different TCP ports that were free on loopback a moment
// ago. All are held at once while choosing, so they differ.
func FreePorts(n int) ([]int, error) {
	ports := make([]int, 0, n)
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = l.Close() }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
