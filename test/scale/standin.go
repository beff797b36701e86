package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

const (
	nudgeAnnotation  = "frontdesk.dev/nudge"
	configSecretName = "-config"
	// schemaVersion is what the stand-in claims to have migrated to; nothing depends on the number.
	schemaVersion = 1
)

// standin answers for the servers of all pods.
type standin struct {
	http *http.Server

	mu   sync.Mutex
	pods map[string]*pod // by address
	byID map[types.UID]*pod
	// bundles are the config Secrets as they are now.
	bundles map[types.NamespacedName]tenantconfig.Bundle
}

// pod is a server that runs nowhere.
type pod struct {
	secret types.NamespacedName
	nudge  string
	// stale: the pod was nudged for a revision that has not been seen yet.
	stale   bool
	status  tenantconfig.Status
	token   string
	changed chan struct{}
}

// startStandin watches pods and config Secrets and answers at every pod's address until ctx ends.
func startStandin(ctx context.Context, config *rest.Config) (*standin, error) {
	s := &standin{pods: map[string]*pod{}, byID: map[types.UID]*pod{}, bundles: map[types.NamespacedName]tenantconfig.Bundle{}}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(clients, 0, informers.WithTweakListOptions(func(o *metav1.ListOptions) {
		o.LabelSelector = tenant.ManagedByLabel + "=" + tenant.ManagedBy
	}))
	for informer, handle := range map[cache.SharedIndexInformer]func(object any, gone bool){
		factory.Core().V1().Secrets().Informer(): func(object any, gone bool) { s.sawSecret(object.(*corev1.Secret), gone) },
		factory.Core().V1().Pods().Informer():    func(object any, gone bool) { s.sawPod(object.(*corev1.Pod), gone) },
	} {
		if _, err := informer.AddEventHandler(events(handle)); err != nil {
			return nil, err
		}
	}
	factory.Start(ctx.Done())
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+strconv.Itoa(tenantconfig.InternalPort))
	if err != nil {
		return nil, fmt.Errorf("listen for the pods: %w", err)
	}
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.http.Serve(listener) }()
	return s, nil
}

func events(handle func(object any, gone bool)) cache.ResourceEventHandlerFuncs {
	return cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { handle(object, false) },
		UpdateFunc: func(_, object any) { handle(object, false) },
		DeleteFunc: func(object any) {
			if unknown, ok := object.(cache.DeletedFinalStateUnknown); ok {
				object = unknown.Obj
			}
			handle(object, true)
		},
	}
}

func (s *standin) sawSecret(secret *corev1.Secret, gone bool) {
	if !strings.HasSuffix(secret.Name, configSecretName) {
		return
	}
	name := types.NamespacedName{Namespace: secret.Namespace, Name: secret.Name}
	s.mu.Lock()
	defer s.mu.Unlock()
	if gone {
		delete(s.bundles, name)
		return
	}
	s.bundles[name] = secret.Data
	for _, p := range s.byID {
		if p.secret == name && p.stale {
			s.mount(p)
		}
	}
}

func (s *standin) sawPod(object *corev1.Pod, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byID[object.UID]
	if gone || object.DeletionTimestamp != nil {
		if known != nil {
			delete(s.byID, object.UID)
			if current := s.pods[object.Status.PodIP]; current == known {
				delete(s.pods, object.Status.PodIP)
			}
		}
		return
	}
	if object.Status.PodIP == "" {
		return
	}
	if known == nil {
		known = &pod{
			changed: make(chan struct{}), stale: true,
			secret: secretOf(types.NamespacedName{Namespace: object.Namespace, Name: object.Labels[tenant.TenantLabel]}),
			status: tenantconfig.Status{
				Version: version.Version, DocumentVersions: tenantconfig.Versions, StartTime: time.Now().UTC().Truncate(time.Second),
				Database: tenantconfig.DatabaseStatus{SchemaVersion: schemaVersion, Reachable: true},
			},
		}
		s.byID[object.UID] = known
		s.pods[object.Status.PodIP] = known
		s.mount(known)
	}
	if nudge := object.Annotations[nudgeAnnotation]; nudge != known.nudge {
		known.nudge = nudge
		s.mount(known)
	}
}

// mount does what kubelet and server do together: take the Secret as it is now, if the document in it is good.
func (s *standin) mount(p *pod) {
	bundle := s.bundles[p.secret]
	wanted, _, _ := strings.Cut(p.nudge, " ")
	p.stale = bundle == nil || (wanted != "" && bundle.Revision() != wanted)
	if bundle == nil {
		return
	}
	document, err := bundle.Document()
	if err != nil {
		p.status.Refused = &tenantconfig.Refusal{Revision: bundle.Revision(), Message: err.Error()}
	} else {
		p.status.Revision, p.status.Refused, p.status.Database.Engine = bundle.Revision(), nil, document.Database.Engine
		p.token = string(bundle[string(document.Access.StatusTokenKey)])
	}
	close(p.changed)
	p.changed = make(chan struct{})
}

// ServeHTTP answers for the pod at whose address the request arrived.
func (s *standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	address, _, err := net.SplitHostPort(local.String())
	if err != nil || r.URL.Path != tenantconfig.StatusPath {
		http.NotFound(w, r)
		return
	}
	until := r.URL.Query().Get("until")
	deadline := time.NewTimer(tenantconfig.StatusWait)
	defer deadline.Stop()
	for waiting := true; ; {
		status, token, changed, found := s.ask(address)
		switch {
		case !found:
			http.NotFound(w, r)
			return
		case r.Header.Get("Authorization") != "Bearer "+token:
			http.Error(w, "wrong token", http.StatusUnauthorized)
			return
		case !waiting, until == "", status.Revision == until, status.Refused != nil && status.Refused.Revision == until:
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(status)
			return
		}
		select {
		case <-changed:
		case <-deadline.C:
			waiting = false
		case <-r.Context().Done():
			return
		}
	}
}

func (s *standin) ask(address string) (tenantconfig.Status, string, <-chan struct{}, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pods[address]
	if p == nil {
		return tenantconfig.Status{}, "", nil, false
	}
	return p.status, p.token, p.changed, true
}
