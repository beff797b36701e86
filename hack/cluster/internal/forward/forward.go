package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// Target is a port of a Service.
type Target struct {
	Namespace string `json:"namespace"`
	Service   string `json:"service"`
	// Port is the port's name or number.
	Port string `json:"port"`
}

// String is the form that [ParseTarget] reads.
func (t Target) String() string { return t.Namespace + "/" + t.Service + ":" + t.Port }

// ParseTarget reads namespace/service:port.
func ParseTarget(s string) (Target, error) {
	namespace, rest, ok1 := strings.Cut(s, "/")
	service, port, ok2 := strings.Cut(rest, ":")
	if !ok1 || !ok2 || namespace == "" || service == "" || port == "" || strings.ContainsAny(port, "/:") {
		return Target{}, fmt.Errorf("target %q: want namespace/service:port, for example shop/web:80", s)
	}
	return Target{Namespace: namespace, Service: service, Port: port}, nil
}

// Forward is a listener and where it leads.
type Forward struct {
	// Address is host:port on the host.
	Address string `json:"address"`
	Target  Target `json:"target"`
}

// Set is the forwards of a cluster.
type Set struct {
	client kubernetes.Interface
	log    *slog.Logger

	mu     sync.Mutex
	active map[string]entry // by address
}

type entry struct {
	listener net.Listener
	target   Target
}

// NewSet returns an empty set.
func NewSet(client kubernetes.Interface, log *slog.Logger) *Set {
	return &Set{client: client, log: log, active: map[string]entry{}}
}

// List returns the forwards in the order of their addresses.
func (s *Set) List() []Forward {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Forward, 0, len(s.active))
	for address, e := range s.active {
		list = append(list, Forward{Address: address, Target: e.target})
	}
	slices.SortFunc(list, func(a, b Forward) int { return strings.Compare(a.Address, b.Address) })
	return list
}

// Add serves a listener until it is removed.
func (s *Set) Add(l net.Listener, t Target) {
	s.mu.Lock()
	s.active[l.Addr().String()] = entry{listener: l, target: t}
	s.mu.Unlock()
	go s.serve(l, t)
}

// Remove closes the listener at an address and says whether there was one.
func (s *Set) Remove(address string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.active[address]
	if ok {
		_ = e.listener.Close()
		delete(s.active, address)
	}
	return ok
}

// dialPatience is how long a new connection waits for the Service to have a
// ready pod: long enough for one to be replaced.
const dialPatience = 10 * time.Second

// attemptPatience bounds one attempt: a pod that is gone may not refuse, and
// the next attempt finds another.
const attemptPatience = time.Second

func (s *Set) serve(l net.Listener, t Target) {
	for {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			s.log.Warn("Forward cannot accept a connection", "target", t.String(), "error", err)
			time.Sleep(50 * time.Millisecond) // out of file descriptors: let some close
			continue
		}
		go func() {
			defer func() { _ = conn.Close() }()
			ctx, cancel := context.WithTimeout(context.Background(), dialPatience)
			defer cancel()
			onward, err := s.dial(ctx, t)
			if err != nil {
				s.log.Warn("Forward cannot reach its Service", "target", t.String(), "error", err)
				return
			}
			defer func() { _ = onward.Close() }()
			splice(conn, onward)
		}()
	}
}

// dial looks the Service up each time, for it may have been made anew.
func (s *Set) dial(ctx context.Context, t Target) (net.Conn, error) {
	var last error
	for {
		address, err := s.resolve(ctx, t)
		if err == nil {
			var conn net.Conn
			d := net.Dialer{Timeout: attemptPatience}
			if conn, err = d.DialContext(ctx, "tcp", address); err == nil {
				return conn, nil
			}
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return nil, last
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (s *Set) resolve(ctx context.Context, t Target) (string, error) {
	service, err := s.client.CoreV1().Services(t.Namespace).Get(ctx, t.Service, metav1.GetOptions{})
	if err != nil {
		return "", fmt.Errorf("look up Service: %w", err)
	}
	if service.Spec.ClusterIP == "" || service.Spec.ClusterIP == corev1.ClusterIPNone {
		return "", fmt.Errorf("the Service %s/%s has no ClusterIP", t.Namespace, t.Service)
	}
	for _, p := range service.Spec.Ports {
		if p.Name == t.Port || strconv.Itoa(int(p.Port)) == t.Port {
			return net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(p.Port))), nil
		}
	}
	return "", fmt.Errorf("the Service %s/%s has no port %s", t.Namespace, t.Service, t.Port)
}

// splice copies both ways until both sides have finished, passing on the end
// of each.
func splice(a, b net.Conn) {
	var wg sync.WaitGroup
	for _, pair := range [][2]net.Conn{{a, b}, {b, a}} {
		wg.Go(func() {
			_, err := io.Copy(pair[0], pair[1])
			if half, ok := pair[0].(interface{ CloseWrite() error }); ok && err == nil {
				_ = half.CloseWrite()
				return
			}
			_ = pair[0].Close()
			_ = pair[1].Close()
		})
	}
	wg.Wait()
}
