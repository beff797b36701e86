package standin

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
)

const (
	// period is how often the node looks at the API server.
	period           = 25 * time.Millisecond
	generationLabel  = "standin/template-generation"
	nudgeAnnotation  = "frontdesk.dev/nudge"
	configVolumeName = "config"
)

// addresses are unique over all nodes of a test binary.
var addresses atomic.Int32

// Node runs the pods of one namespace.
type Node struct {
	t         testing.TB
	client    client.Client
	namespace string
	network   *network
	pods      map[types.UID]*pod
	frozen    atomic.Bool
	missing   sync.Map // images that cannot be pulled
}

type pod struct {
	ip     string
	nudge  string
	server *server
}

// Start runs a node until the test ends.
func Start(t testing.TB, c client.Client, namespace string) *Node {
	n := &Node{t: t, client: c, namespace: namespace, network: newNetwork(), pods: map[types.UID]*pod{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		for {
			if err := n.step(ctx); err != nil && ctx.Err() == nil {
				t.Logf("stand-in node: %v", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-done
		n.network.http.CloseClientConnections()
		n.network.http.Close()
	})
	return n
}

// Transport reaches the status endpoints of the node's pods.
func (n *Node) Transport() http.RoundTripper { return n.network.transport() }

// Freeze keeps the node from refreshing mounted Secrets, or lets it again.
func (n *Node) Freeze(frozen bool) { n.frozen.Store(frozen) }

// LoseImage makes an image impossible to pull, or possible again.
func (n *Node) LoseImage(image string, lost bool) {
	if lost {
		n.missing.Store(image, true)
	} else {
		n.missing.Delete(image)
	}
}

// SetDatabase makes all servers say that they reach their database, or why not.
func (n *Node) SetDatabase(reachable bool, message string) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	for _, server := range n.network.servers {
		server.update(func(s *tenantconfig.Status) { s.Database.Reachable, s.Database.Message = reachable, message })
	}
}

// ReportCampaigns makes all servers say that they run campaigns, and how far those have come.
func (n *Node) ReportCampaigns(progress ...tenantconfig.CampaignProgress) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	for _, server := range n.network.servers {
		server.update(func(s *tenantconfig.Status) { s.Campaigns = append([]tenantconfig.CampaignProgress{}, progress...) })
	}
}

// Speak makes all servers those of a release that reads these versions of the document: those that run, and
// those that will.
func (n *Node) Speak(versions ...string) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	n.network.versions = versions
	for _, server := range n.network.servers {
		server.update(func(s *tenantconfig.Status) { s.DocumentVersions = versions })
	}
}

// Refuse makes all servers refuse the revision they should serve next, for a reason of their own.
func (n *Node) Refuse(revision, message string) {
	n.network.mu.Lock()
	defer n.network.mu.Unlock()
	for _, server := range n.network.servers {
		server.update(func(s *tenantconfig.Status) {
			s.Refused = &tenantconfig.Refusal{Revision: revision, Message: message}
		})
	}
}

func (n *Node) step(ctx context.Context) error {
	var deployments appsv1.DeploymentList
	if err := n.client.List(ctx, &deployments, client.InNamespace(n.namespace)); err != nil {
		return err
	}
	var pods corev1.PodList
	if err := n.client.List(ctx, &pods, client.InNamespace(n.namespace)); err != nil {
		return err
	}
	wanted := map[types.UID]bool{}
	for i := range deployments.Items {
		if err := n.run(ctx, &deployments.Items[i], pods.Items, wanted); err != nil {
			return err
		}
	}
	for i := range pods.Items {
		if !wanted[pods.Items[i].UID] {
			if err := n.end(ctx, &pods.Items[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// run makes the pods of a Deployment and reports their number.
func (n *Node) run(ctx context.Context, d *appsv1.Deployment, pods []corev1.Pod, wanted map[types.UID]bool) error {
	template := fmt.Sprint(templateGeneration(d))
	replicas := ptr.Deref(d.Spec.Replicas, 1)
	// keep runs up to so many pods of the current template, or of former ones.
	keep := func(current bool, limit int32) (count, ready int32, err error) {
		for i := range pods {
			p := &pods[i]
			if p.DeletionTimestamp != nil || (p.Labels[generationLabel] == template) != current || !metav1.IsControlledBy(p, d) || count == limit {
				continue
			}
			count++
			wanted[p.UID] = true
			if err := n.kubelet(ctx, p); err != nil {
				return count, ready, err
			}
			if p.Status.PodIP != "" {
				ready++
			}
		}
		return count, ready, nil
	}
	updated, ready, err := keep(true, replicas)
	if err != nil {
		return err
	}
	var former int32
	if d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		// None goes before its successor is ready.
		if former, _, err = keep(false, replicas-ready); err != nil {
			return err
		}
	}
	for i := updated; i < replicas; i++ {
		if err := n.client.Create(ctx, newPod(d, template)); err != nil {
			return err
		}
	}
	status := d.Status.DeepCopy()
	status.ObservedGeneration = d.Generation
	status.Replicas, status.UpdatedReplicas, status.ReadyReplicas, status.AvailableReplicas = updated+former, updated, ready+former, ready+former
	if equality.Semantic.DeepEqual(*status, d.Status) {
		return nil
	}
	d.Status = *status
	return client.IgnoreNotFound(n.client.Status().Update(ctx, d))
}

// templateGeneration changes with the pod template only, like a ReplicaSet's hash.
func templateGeneration(d *appsv1.Deployment) string {
	template := d.Spec.Template.DeepCopy()
	return hash(template)
}

func newPod(d *appsv1.Deployment, template string) *corev1.Pod {
	p := &corev1.Pod{ObjectMeta: *d.Spec.Template.ObjectMeta.DeepCopy(), Spec: *d.Spec.Template.Spec.DeepCopy()}
	p.Namespace, p.GenerateName = d.Namespace, d.Name+"-"
	p.Labels = maps.Clone(p.Labels)
	p.Labels[generationLabel] = template
	p.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment"))}
	p.Spec.NodeName = "standin"
	return p
}

// kubelet starts what is not started, and refreshes the mounted Secret when the pod was nudged.
func (n *Node) kubelet(ctx context.Context, p *corev1.Pod) error {
	running := n.pods[p.UID]
	nudge := p.Annotations[nudgeAnnotation]
	if running != nil && (running.nudge == nudge || n.frozen.Load()) {
		return nil
	}
	image := p.Spec.Containers[0].Image
	if _, missing := n.missing.Load(image); missing && running == nil {
		return n.cannotPull(ctx, p, image)
	}
	bundle, err := n.mounted(ctx, p)
	if err != nil || bundle == nil {
		return err
	}
	if running == nil {
		number := addresses.Add(1)
		running = &pod{ip: fmt.Sprintf("10.%d.%d.%d", number>>16&255, number>>8&255, number&255)}
		n.pods[p.UID] = running
		n.network.mu.Lock()
		running.server = newServer(image, n.network.versions)
		n.network.servers[running.ip] = running.server
		n.network.mu.Unlock()
	}
	running.nudge = nudge
	running.server.load(bundle)
	if p.Status.PodIP != "" {
		return nil
	}
	p.Status.Phase, p.Status.PodIP, p.Status.PodIPs = corev1.PodRunning, running.ip, []corev1.PodIP{{IP: running.ip}}
	p.Status.Conditions, p.Status.ContainerStatuses = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}, nil
	return client.IgnoreNotFound(n.client.Status().Update(ctx, p))
}

// cannotPull says what a kubelet says of an image that is not there.
func (n *Node) cannotPull(ctx context.Context, p *corev1.Pod, image string) error {
	if len(p.Status.ContainerStatuses) > 0 {
		return nil
	}
	p.Status.Phase = corev1.PodPending
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: p.Spec.Containers[0].Name, Image: image,
		State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "there is no " + image}},
	}}
	return client.IgnoreNotFound(n.client.Status().Update(ctx, p))
}

// mounted reads the Secret behind the pod's configuration, or nil while there is none.
func (n *Node) mounted(ctx context.Context, p *corev1.Pod) (tenantconfig.Bundle, error) {
	for _, volume := range p.Spec.Volumes {
		if volume.Name != configVolumeName || volume.Secret == nil {
			continue
		}
		secret := &corev1.Secret{}
		err := n.client.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: volume.Secret.SecretName}, secret)
		return secret.Data, client.IgnoreNotFound(err)
	}
	return nil, fmt.Errorf("pod %s mounts no config Secret", p.Name)
}

func (n *Node) end(ctx context.Context, p *corev1.Pod) error {
	if running := n.pods[p.UID]; running != nil {
		n.network.mu.Lock()
		delete(n.network.servers, running.ip)
		n.network.mu.Unlock()
		delete(n.pods, p.UID)
	}
	return client.IgnoreNotFound(n.client.Delete(ctx, p, client.GracePeriodSeconds(0)))
}
