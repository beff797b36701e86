//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/frontdesk-dev/frontdesk/hack/demo/walkthrough"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

// onPlatformServer is the part of a spec that has the operator make a database.
const onPlatformServer = "  database: {engine: Postgres, postgres: {server: " + serverName + "}}\n"

// twoPods has a tenant run on two.
const twoPods = "  server: {replicas: 2}\n"

// busyTenant is plainTenant with so many desks that clients need not mind each other, who may ask all the time.
var busyTenant = strings.Replace(plainTenant, "{id: desk, kind: Staff, name: The desk}", "{id: desk, kind: Room, name: A desk, capacity: 100}", 1) + busy

// newReplicatedTenant is a busy tenant with two pods on a database that the operator made.
func newReplicatedTenant(t *testing.T) tenancy {
	t.Helper()
	tenant := suite.newTenancy(t, "plain")
	tenant.apply(busyTenant + onPlatformServer + twoPods)
	tenant.awaitReady()
	return tenant
}

// pods are those of the tenant's servers, those that end left out.
func (s tenancy) pods() []corev1.Pod {
	s.t.Helper()
	var pods corev1.PodList
	if err := s.kubectl.Get(s.t.Context(), s.namespace, "pods", &pods); err != nil {
		s.t.Fatal(err)
	}
	return slices.DeleteFunc(pods.Items, func(pod corev1.Pod) bool {
		return pod.DeletionTimestamp != nil || pod.Labels["frontdesk.dev/tenant"] != s.name || pod.Labels["app.kubernetes.io/component"] != "server"
	})
}

// facts are what tells one container from another.
type facts struct {
	Container string
	Restarts  int32
}

// containers are those that run now, by the UID of their pod.
func (s tenancy) containers() map[types.UID]facts {
	s.t.Helper()
	running := map[types.UID]facts{}
	for _, pod := range s.pods() {
		for _, status := range pod.Status.ContainerStatuses {
			running[pod.UID] = facts{status.ContainerID, status.RestartCount}
		}
	}
	return running
}

// containersOf are those of several tenants.
func containersOf(fleet []tenancy) map[types.UID]facts {
	all := map[types.UID]facts{}
	for _, tenant := range fleet {
		maps.Copy(all, tenant.containers())
	}
	return all
}

// server is one pod of a tenant, reached past its Service.
type server struct {
	pod string
	// api leads to the public port, internal (host:port) to the other one.
	api      *walkthrough.API
	internal string
	token    string
}

// servers reaches each pod.
func (s tenancy) servers() []server {
	s.t.Helper()
	key := s.api().Key
	token, err := s.kubectl.SecretValue(s.t.Context(), s.namespace, walkthrough.NameOf(s.name)+"-config", "status-token")
	if err != nil {
		s.t.Fatal(err)
	}
	var servers []server
	for _, pod := range s.pods() {
		public, internal := s.forward(pod.Name, tenantconfig.PublicPort), s.forward(pod.Name, tenantconfig.InternalPort)
		api := &walkthrough.API{Base: "http://" + public, Key: key, HTTP: &http.Client{Timeout: 10 * time.Second}}
		servers = append(servers, server{pod: pod.Name, api: api, internal: internal, token: token})
	}
	return servers
}

func (s tenancy) forward(pod string, port int) string {
	s.t.Helper()
	address, err := s.kubectl.Forward(s.t.Context(), s.namespace, "pod/"+pod, fmt.Sprint(port))
	if err != nil {
		s.t.Fatal(err)
	}
	return address
}

// status is the server's own account of what it runs.
func (v server) status(ctx context.Context) (status tenantconfig.Status, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+v.internal+tenantconfig.StatusPath, http.NoBody)
	if err != nil {
		return status, err
	}
	request.Header.Set("Authorization", "Bearer "+v.token)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return status, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return status, fmt.Errorf("%s: %s", v.internal, answer.Status)
	}
	return status, json.NewDecoder(answer.Body).Decode(&status)
}
