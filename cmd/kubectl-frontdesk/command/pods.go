package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/bookingapi"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/situation"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/tunnel"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	// callTimeout bounds one call of a tenant's API.
	callTimeout = 30 * time.Second
	// askTimeout bounds the question to one pod what it serves. It is asked of pods that may be unwell.
	askTimeout = 3 * time.Second
	// maxStatus bounds what is read of its answer.
	maxStatus = 1 << 20
)

// readyPod is a pod of the tenant that serves.
func (s *session) readyPod(ctx context.Context, t *v1alpha1.Tenant) (*corev1.Pod, error) {
	if t.Spec.RunState == v1alpha1.RunStateSuspended {
		return nil, fmt.Errorf("tenant %s is suspended: `kubectl frontdesk resume %s -n %s --wait` lets it serve again", t.Name, t.Name, t.Namespace)
	}
	var pods corev1.PodList
	if err := s.client.List(ctx, &pods, client.InNamespace(t.Namespace), client.MatchingLabels(tenant.SelectorLabels(t))); err != nil {
		return nil, err
	}
	i := slices.IndexFunc(pods.Items, isReady)
	if i < 0 {
		return nil, fmt.Errorf("no pod of tenant %s is ready: `kubectl frontdesk status %s -n %s` says why", t.Name, t.Name, t.Namespace)
	}
	return &pods.Items[i], nil
}

func isReady(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// apiKey reads the key that was made for the tenant.
func (s *session) apiKey(ctx context.Context, t *v1alpha1.Tenant) (string, error) {
	name, entry := tenant.APIKeySecret(t)
	var secret corev1.Secret
	switch err := s.client.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: name}, &secret); {
	case apierrors.IsNotFound(err):
		return "", fmt.Errorf("the operator has made no API key for tenant %s yet: `kubectl frontdesk status %s -n %s` says what it waits for", t.Name, t.Name, t.Namespace)
	case err != nil:
		return "", fmt.Errorf("read the tenant's API key: %w", err)
	}
	if len(secret.Data[entry]) == 0 {
		return "", fmt.Errorf("secret %s has no entry %q: delete it, and the operator makes another key", name, entry)
	}
	return string(secret.Data[entry]), nil
}

// withAPI calls a tenant's API through a tunnel to one of its pods, with the tenant's own key.
func (s *session) withAPI(ctx context.Context, name string, use func(*v1alpha1.Tenant, *bookingapi.Client) error) error {
	found, err := s.tenant(ctx, name)
	if err != nil {
		return err
	}
	pod, err := s.readyPod(ctx, found)
	if err != nil {
		return err
	}
	key, err := s.apiKey(ctx, found)
	if err != nil {
		return err
	}
	through, err := tunnel.Open(ctx, s.config, pod, 0, tenantconfig.PublicPort)
	if err != nil {
		return err
	}
	defer through.Close()
	return use(found, &bookingapi.Client{Base: "http://" + through.Address, Key: key, HTTP: &http.Client{Timeout: callTimeout}})
}

// asker asks pods what they serve, at the status endpoint that the operator asks too. Without the right to
// read the token it asks nobody.
func (s *session) asker(ctx context.Context, t *v1alpha1.Tenant) situation.Ask {
	var config corev1.Secret
	if err := s.client.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: tenant.ConfigSecretName(t)}, &config); err != nil {
		return nil
	}
	token := tenant.StatusToken(&config)
	return func(ctx context.Context, pod corev1.Pod) (serves, refuses string, answered bool) {
		answer, err := s.podStatus(ctx, &pod, token)
		if err != nil {
			return "", "", false
		}
		if answer.Refused != nil {
			refuses = answer.Refused.Message
		}
		return answer.Revision, refuses, true
	}
}

// podStatus asks one pod for its status document.
func (s *session) podStatus(ctx context.Context, pod *corev1.Pod, token string) (*tenantconfig.Status, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	through, err := tunnel.Open(ctx, s.config, pod, 0, tenantconfig.InternalPort)
	if err != nil {
		return nil, err
	}
	defer through.Close()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+through.Address+tenantconfig.StatusPath, http.NoBody)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, errors.New("pod " + pod.Name + " answered " + response.Status)
	}
	answer := &tenantconfig.Status{}
	if err := json.NewDecoder(io.LimitReader(response.Body, maxStatus)).Decode(answer); err != nil {
		return nil, fmt.Errorf("pod %s: %w", pod.Name, err)
	}
	return answer, nil
}
