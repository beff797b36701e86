package command

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/bundle"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/outline"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/podlogs"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/redact"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/situation"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
)

// Bounds of the logs in a report, for each pod.
const (
	reportLines = 2000
	reportBytes = 1 << 20
)

// gatherer puts what there is about a tenant into a bundle. What it cannot have it notes, and goes on.
type gatherer struct {
	*session
	tenant *v1alpha1.Tenant
	out    *bundle.Bundle
	since  time.Duration
}

func (g gatherer) gather(ctx context.Context, secrets []*corev1.Secret) {
	g.situation(ctx)
	g.object("tenant.yaml", "the Tenant", g.tenant)
	for _, secret := range secrets {
		g.object("secrets/"+secret.Name+".yaml", "Secret, sizes only", secret)
	}
	g.policies(ctx)
	g.inventory(ctx)
	g.events(ctx)
	g.pods(ctx)
	g.operators(ctx)
}

func (g gatherer) situation(ctx context.Context) {
	now, err := situation.Read(ctx, g.client, g.tenant, g.asker(ctx, g.tenant))
	if err != nil {
		g.out.Lack("status", err)
		return
	}
	var text strings.Builder
	if err := (outline.Printer{Out: &text}).Print(now.Tree()); err != nil {
		g.out.Lack("status", err)
		return
	}
	g.out.Add("status.txt", "what `kubectl frontdesk status` says", text.String())
}

// object adds one as YAML, without values of Secrets.
func (g gatherer) object(name, about string, object client.Object) {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		g.out.Lack(name, err)
		return
	}
	raw := &unstructured.Unstructured{Object: content}
	if raw.GetKind() == "" { // typed clients leave it out
		if kind, err := apiutil.GVKForObject(object, g.client.Scheme()); err == nil {
			raw.SetGroupVersionKind(kind)
		}
	}
	text, err := yaml.Marshal(redact.Object(raw).Object)
	if err != nil {
		g.out.Lack(name, err)
		return
	}
	g.out.Add(name, about, string(text))
}

func (g gatherer) policies(ctx context.Context) {
	for _, name := range g.tenant.BookingPolicyNames() {
		policy := &v1alpha1.BookingPolicy{}
		if err := g.client.Get(ctx, client.ObjectKey{Namespace: g.tenant.Namespace, Name: name}, policy); err != nil {
			g.out.Lack("BookingPolicy "+name, err)
			continue
		}
		g.object("bookingpolicies/"+name+".yaml", "BookingPolicy that the Tenant names", policy)
	}
	var campaigns v1alpha1.CampaignList
	if err := g.client.List(ctx, &campaigns, client.InNamespace(g.tenant.Namespace), client.MatchingFields{"spec.tenantRef.name": g.tenant.Name}); err != nil {
		g.out.Lack("Campaigns", err)
	}
	for _, campaign := range campaigns.Items {
		g.object("campaigns/"+campaign.Name+".yaml", "Campaign of the tenant", &campaign)
	}
}

func (g gatherer) inventory(ctx context.Context) {
	for _, item := range g.tenant.Status.Inventory {
		if item.Group == "" && item.Kind == "Secret" {
			continue // among the secrets already
		}
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(schema.GroupVersionKind{Group: item.Group, Version: item.Version, Kind: item.Kind})
		if err := g.client.Get(ctx, client.ObjectKey{Namespace: g.tenant.Namespace, Name: item.Name}, object); err != nil {
			g.out.Lack(item.Kind+" "+item.Name, err)
			continue
		}
		g.object(fmt.Sprintf("objects/%s-%s.yaml", strings.ToLower(item.Kind), item.Name), item.Kind+" made for the tenant", object)
	}
}

// events are those about the tenant and everything that carries its name.
func (g gatherer) events(ctx context.Context) {
	var events corev1.EventList
	if err := g.client.List(ctx, &events, client.InNamespace(g.tenant.Namespace)); err != nil {
		g.out.Lack("events", err)
		return
	}
	var lines []string
	for _, event := range events.Items {
		about := event.InvolvedObject
		if about.Name != g.tenant.Name && !isNamedAfter(g.tenant.OwnedName(), about.Name) && !isNamedAfter(tenant.ClusterName(g.tenant), about.Name) {
			continue
		}
		at := event.LastTimestamp.Time
		if at.IsZero() {
			at = event.EventTime.Time
		}
		lines = append(lines, fmt.Sprintf("%s %-7s %s/%s %s: %s", at.UTC().Format(time.RFC3339), event.Type, about.Kind, about.Name, event.Reason, event.Message))
	}
	slices.Sort(lines)
	g.out.Add("events.txt", "events about the tenant, its objects and its pods", strings.Join(lines, "\n")+"\n")
}

// isNamedAfter says that a name is an object's, or that of something made for it.
func isNamedAfter(object, name string) bool {
	return name == object || strings.HasPrefix(name, object+"-")
}

func (g gatherer) pods(ctx context.Context) {
	source := podlogs.Source{Clients: g.clients, Namespace: g.tenant.Namespace, Labels: tenant.SelectorLabels(g.tenant)}
	pods, err := source.Pods(ctx)
	if err != nil {
		g.out.Lack("pods", err)
		return
	}
	for _, pod := range pods {
		g.object("pods/"+pod.Name+".yaml", "pod", &pod)
		g.podSays(ctx, &pod)
	}
	g.logs(ctx, "logs/servers.log", "logs of all pods of the tenant, in the order of time", source)
	source.Previous = true
	if slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return restarted(&pod) }) {
		g.logs(ctx, "logs/servers-before-restart.log", "logs of the containers before their last restart", source)
	}
}

func restarted(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(s corev1.ContainerStatus) bool { return s.RestartCount > 0 })
}

// podSays adds what a server says of itself, if it can be asked.
func (g gatherer) podSays(ctx context.Context, pod *corev1.Pod) {
	var config corev1.Secret
	err := g.client.Get(ctx, client.ObjectKey{Namespace: g.tenant.Namespace, Name: tenant.ConfigSecretName(g.tenant)}, &config)
	if err == nil && pod.Status.Phase != corev1.PodRunning {
		err = fmt.Errorf("it is %s", pod.Status.Phase)
	}
	if err == nil {
		answer, failed := g.podStatus(ctx, pod, tenant.StatusToken(&config))
		if err = failed; err == nil {
			text, _ := json.MarshalIndent(answer, "", "  ") // plain data
			g.out.Add("servers/"+pod.Name+".json", "what the server in the pod says of itself", string(text)+"\n")
			return
		}
	}
	g.out.Lack("what pod "+pod.Name+" says of itself", err)
}

// logs adds the merged logs of pods, bounded in lines, bytes and time.
func (g gatherer) logs(ctx context.Context, name, about string, source podlogs.Source) {
	source.Since, source.Tail, source.MaxBytes = g.since, reportLines, reportBytes
	lines, err := source.All(ctx)
	if err != nil {
		g.out.Lack(name, err)
	}
	if len(lines) == 0 {
		return
	}
	var text strings.Builder
	for _, line := range lines {
		fmt.Fprintf(&text, "%s [%s] %s\n", line.At.UTC().Format(time.RFC3339Nano), line.Pod, line.Text)
	}
	g.out.Add(name, about, text.String())
}

func (g gatherer) operators(ctx context.Context) {
	deployments, err := g.operatorDeployments(ctx)
	if err != nil {
		g.out.Lack("the operator", err)
		return
	}
	for _, d := range deployments {
		g.object(fmt.Sprintf("operator/%s-%s.yaml", d.Namespace, d.Name), "the operator's Deployment", &d)
		g.logs(ctx, fmt.Sprintf("operator/%s-%s.log", d.Namespace, d.Name), "the operator's logs, about all tenants",
			podlogs.Source{Clients: g.clients, Namespace: d.Namespace, Labels: d.Spec.Selector.MatchLabels})
	}
}
