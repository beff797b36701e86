// Package tunnel reaches the ports of pods through the API server, as `kubectl port-forward` does: by
// WebSocket, or by SPDY where the API server or a proxy on the way does not know that.
package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// Tunnel leads from a local address to a pod's port.
type Tunnel struct {
	// Address is host:port on loopback, and Port its port.
	Address string
	Port    int
	// Ended is closed when the tunnel has ended, by Close or because the pod has gone.
	Ended <-chan struct{}

	cancel context.CancelFunc
}

// Close ends the tunnel and waits until it has.
func (t *Tunnel) Close() {
	t.cancel()
	<-t.Ended
}

// Open leads a local port, any that is free when it is 0, to a port of a pod. The tunnel ends with the
// context, with Close, or with the pod.
func Open(ctx context.Context, config *rest.Config, pod *corev1.Pod, local, remote int) (*Tunnel, error) {
	dialer, err := dial(config, pod)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ready := make(chan struct{})
	ports := []string{fmt.Sprintf("%d:%d", local, remote)}
	forwarder, err := portforward.NewOnAddressesForStreamingWithContext(ctx, dialer, []string{"127.0.0.1"}, ports, ready, io.Discard, io.Discard)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("port-forward to pod %s: %w", pod.Name, err)
	}
	ended := make(chan struct{})
	var failed error // may be read once ended is closed
	go func() {
		defer close(ended)
		failed = forwarder.ForwardPorts()
	}()
	select {
	case <-ready:
	case <-ended:
		cancel()
		return nil, fmt.Errorf("port-forward to pod %s: %w", pod.Name, errors.Join(failed, ctx.Err()))
	}
	forwarded, err := forwarder.GetPorts()
	if err != nil {
		cancel()
		return nil, fmt.Errorf("port-forward to pod %s: %w", pod.Name, err)
	}
	port := int(forwarded[0].Local)
	return &Tunnel{Address: "127.0.0.1:" + strconv.Itoa(port), Port: port, Ended: ended, cancel: cancel}, nil
}

func dial(config *rest.Config, pod *corev1.Pod) (httpstream.Dialer, error) {
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("port-forward: %w", err)
	}
	address := clients.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, fmt.Errorf("port-forward: %w", err)
	}
	old := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, address)
	modern, err := portforward.NewSPDYOverWebsocketDialerForStreaming(address, config)
	if err != nil {
		return nil, fmt.Errorf("port-forward: %w", err)
	}
	return portforward.NewFallbackDialerForStreaming(modern, old, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}
