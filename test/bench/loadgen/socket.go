package loadgen

import (
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

func newLoop(options Options) (*loop, error) {
	address, err := netip.ParseAddrPort(options.Address)
	if err != nil || !address.Addr().Is4() {
		return nil, fmt.Errorf("%q is no IPv4 address with a port", options.Address)
	}
	l := &loop{Options: options, epoll: -1, timer: -1, result: Result{ByStatus: map[int]int{}}}
	if err := l.open(address); err != nil {
		l.close()
		return nil, fmt.Errorf("connect to %s: %w", options.Address, err)
	}
	return l, nil
}

func (l *loop) open(address netip.AddrPort) (err error) {
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	for i := range l.Connections {
		fd, err := dial(address)
		if err != nil {
			return err
		}
		l.connections = append(l.connections, connection{fd: fd})
		if err := l.watch(fd, i); err != nil {
			return err
		}
	}
	if l.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC); err != nil {
		return err
	}
	return l.watch(l.timer, l.Connections)
}

// watch has epoll report a descriptor under a number of ours.
func (l *loop) watch(fd, number int) error {
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(number)})
}

func dial(address netip.AddrPort) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = unix.Connect(fd, &unix.SockaddrInet4{Port: int(address.Port()), Addr: address.Addr().As4()})
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err == nil {
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		_ = unix.Close(fd) // the first error says more
		return -1, err
	}
	return fd, nil
}

func (l *loop) setTimer(wait time.Duration) error {
	return unix.TimerfdSettime(l.timer, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(wait.Nanoseconds())}, nil)
}

func (l *loop) clearTimer() {
	var ticks [8]byte
	_, _ = unix.Read(l.timer, ticks[:]) // only to have it no longer readable
}

func (l *loop) close() {
	for _, c := range l.connections {
		_ = unix.Close(c.fd) // nothing was written that an error could lose
	}
	for _, fd := range []int{l.timer, l.epoll} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}
