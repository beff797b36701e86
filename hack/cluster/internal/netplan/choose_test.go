package netplan_test

import (
	"errors"
	"net"
	"net/netip"
	"strconv"
	"testing"

	"github.com/frontdesk-dev/frontdesk/hack/cluster/internal/netplan"
)

func TestChooseLinkAvoidsTaken(t *testing.T) {
	t.Parallel()
	var taken []netip.Prefix
	seen := map[netip.Addr]bool{}
	for range 200 {
		l, err := netplan.ChooseLink("same seed", taken)
		if err != nil {
			t.Fatal(err)
		}
		if seen[l.Host] || seen[l.Node] || l.Host == l.Node {
			t.Fatalf("%+v was given out twice", l)
		}
		seen[l.Host], seen[l.Node] = true, true
		network := netip.PrefixFrom(l.Host, l.Bits).Masked()
		if !network.Contains(l.Node) {
			t.Fatalf("%v and %v are not in one network", l.Host, l.Node)
		}
		if l.Host == network.Addr() {
			t.Fatalf("%v is the network's own address", l.Host)
		}
		taken = append(taken, network)
	}
}

func TestChooseLink(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		taken   []string
		want    string // a network that the answer must be in
		wantErr error
	}{
		{name: "default route claims nothing", taken: []string{"0.0.0.0/0"}, want: "198.18.0.0/15"},
		{name: "half of the range in use", taken: []string{"198.18.0.0/16"}, want: "198.19.0.0/16"},
		{name: "whole range in use", taken: []string{"198.0.0.0/8"}, wantErr: netplan.ErrNoFreeNetwork},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var taken []netip.Prefix
			for _, p := range tt.taken {
				taken = append(taken, netip.MustParsePrefix(p))
			}
			l, err := netplan.ChooseLink("seed", taken)
			if !errors.Is(err, tt.wantErr) {
				t.Fatalf("error: got %v, want %v", err, tt.wantErr)
			}
			if tt.wantErr != nil {
				return
			}
			if !netip.MustParsePrefix(tt.want).Contains(l.Node) {
				t.Errorf("got %v, want an address in %s", l.Node, tt.want)
			}
			if !l.Free(taken) {
				t.Errorf("%+v was chosen although it is not free", l)
			}
		})
	}
}

func TestFreePorts(t *testing.T) {
	t.Parallel()
	ports, err := netplan.FreePorts(6)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, p := range ports {
		if seen[p] {
			t.Errorf("port %d was given out twice", p)
		}
		seen[p] = true
		l, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(p)))
		if err != nil {
			t.Errorf("port %d cannot be used: %v", p, err)
			continue
		}
		_ = l.Close()
	}
}
