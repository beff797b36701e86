package netplan

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// innerName is the link's name inside the cluster's network namespace.
const innerName = "eth0"

// HostInterface is the name of the link's outer end for a cluster's id.
func HostInterface(id string) string { return "fdc-" + id }

// Taken lists the networks of this host's addresses and routes.
func Taken() ([]netip.Prefix, error) {
	var taken []netip.Prefix
	addrs, err := netlink.AddrList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("list addresses: %w", err)
	}
	for _, a := range addrs {
		taken = appendPrefix(taken, a.IPNet)
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	for _, r := range routes {
		taken = appendPrefix(taken, r.Dst)
	}
	return taken, nil
}

func appendPrefix(list []netip.Prefix, n *net.IPNet) []netip.Prefix {
	if n == nil {
		return list
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return list
	}
	ones, _ := n.Mask.Size()
	return append(list, netip.PrefixFrom(addr.Unmap(), ones).Masked())
}

// Connect makes the link: the outer end here, the inner end in the network
// namespace of the process pid.
func Connect(id string, l Link, pid int) error {
	outer := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: HostInterface(id)},
		PeerName:      innerName,
		PeerNamespace: netlink.NsPid(pid),
	}
	if err := netlink.LinkAdd(outer); err != nil {
		return fmt.Errorf("create link %s: %w", outer.Name, err)
	}
	if err := bringUp(outer.Name, l.Host, l.Bits); err != nil {
		return errors.Join(err, Disconnect(id))
	}
	return nil
}

// Disconnect removes the outer end, and with it the inner one. A link that is
// gone already is no error.
func Disconnect(id string) error {
	link, err := netlink.LinkByName(HostInterface(id))
	var missing netlink.LinkNotFoundError
	if errors.As(err, &missing) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find link %s: %w", HostInterface(id), err)
	}
	if err := netlink.LinkDel(link); err != nil {
		return fmt.Errorf("remove link %s: %w", HostInterface(id), err)
	}
	return nil
}

// ConfigureInside sets up the network of the cluster's own namespace: loopback,
// the inner end, forwarding between pods, and routes.
//
// A Service's address needs some route before it is translated. Everything else
// that is neither a pod's nor on the link is unreachable, at once and not after
// a timeout: the outside world, and the address of a pod that is gone.
func ConfigureInside(ctx context.Context, l Link) error {
	if err := waitForLink(ctx, innerName); err != nil {
		return err
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find loopback: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("bring up loopback: %w", err)
	}
	if err := bringUp(innerName, l.Node, l.Bits); err != nil {
		return err
	}
	if err := addRoutes(l); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return fmt.Errorf("turn on forwarding: %w", err)
	}
	return nil
}

func addRoutes(l Link) error {
	_, services, err := net.ParseCIDR(ServiceRange)
	if err != nil {
		return fmt.Errorf("range of Services: %w", err)
	}
	_, everything, err := net.ParseCIDR("0.0.0.0/0")
	if err != nil {
		return err
	}
	if err := netlink.RouteAdd(&netlink.Route{Dst: services, Gw: l.Host.AsSlice()}); err != nil {
		return fmt.Errorf("add route to Services: %w", err)
	}
	if err := netlink.RouteAdd(&netlink.Route{Dst: everything, Type: unix.RTN_UNREACHABLE}); err != nil {
		return fmt.Errorf("add route to nowhere: %w", err)
	}
	return nil
}

func bringUp(name string, addr netip.Addr, bits int) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find link %s: %w", name, err)
	}
	ipnet := &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(bits, 32)}
	if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: ipnet}); err != nil {
		return fmt.Errorf("add %s to %s: %w", ipnet, name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring up %s: %w", name, err)
	}
	return nil
}

func waitForLink(ctx context.Context, name string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := netlink.LinkByName(name); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for link %s: %w", name, ctx.Err())
		case <-tick.C:
		}
	}
}
