package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/manifest"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/proposal"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/redact"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

type render struct {
	settings
	files    []string
	platform tenant.Platform
	check    bool
	problems format
	// isolation is told as the operator is told it.
	isolation string
}

// chartIsolation is what the chart tells the operator unless its values say otherwise; a test compares it with those.
const chartIsolation = `{"dns":[{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}},"podSelector":{"matchLabels":{"k8s-app":"kube-dns"}}}]}`

func newRender(shared settings) *cobra.Command {
	o := &render{settings: shared}
	cmd := &cobra.Command{
		Use:   "render -f FILES",
		Short: "Check manifests and show what the operator would make of them, without a cluster",
		Long: `Check manifests and show what the operator would make of them, without a cluster.

It reads Tenants, BookingPolicies, Campaigns and Secrets, checks them with the very schemas and rules that an API
server would check them with, and prints the objects that the operator would apply with the chart's default values;
flags say what is otherwise. Stand-ins take the place of
generated keys and of Secrets that are not among the files; values of Secrets are never printed.

Problems go to standard error as file:line: object: field: what; the exit code is then 1. Rules about changes, such
as fields that may never change, need the former object: use ` + "`kubectl frontdesk diff`" + ` for those.`,
		Example: `  kubectl frontdesk render -f tenant.yaml -f booking-policy.yaml
  kubectl frontdesk render -f manifests/ --check`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return o.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringSliceVarP(&o.files, "filename", "f", nil, "files or folders to read; - for standard input")
	flags.BoolVar(&o.check, "check", false, "say only what is wrong, print no object")
	flags.VarP(&o.problems, "output", "o", "with --check: problems as json or yaml, for programs")
	flags.StringVar(&o.platform.ServerImage, "server-image", "frontdesk:"+version.Version, "image of the servers, as the operator is told it")
	flags.StringVar(&o.isolation, "isolation", chartIsolation, "peers of NetworkPolicies, as the operator is told them; empty for none")
	flags.StringVar(&o.platform.OperatorNamespace, "operator-namespace", "frontdesk-system", "where the operator runs, from where NetworkPolicies let it in")
	flags.StringVar(&o.platform.ServerVersion, "server-version", version.Version, "release in that image")
	return cmd
}

func (o *render) run(ctx context.Context) error {
	if len(o.files) == 0 {
		return usage("name what to read: -f FILE, -f FOLDER/, or -f - for standard input")
	}
	if o.problems != "" && !o.check {
		return usage("-o goes with --check: the objects are always YAML")
	}
	documents, problems, err := manifest.Read(o.files, o.In)
	if err != nil {
		return err
	}
	o.platform.ImagePullPolicy = corev1.PullIfNotPresent
	if o.platform.Isolation, err = tenant.ParseIsolation(o.isolation); err != nil {
		return usage("--isolation: %v", err)
	}
	namespace, _, err := o.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		namespace = "default" // there may be no kubeconfig at all
	}
	offered, err := proposal.New(ctx, documents, namespace)
	if err != nil {
		return err
	}
	rendered := offered.Render(o.platform)
	problems = append(problems, rendered.Problems...)
	if !o.check {
		if err := o.objects(rendered.Objects); err != nil {
			return err
		}
	}
	return o.report(problems, rendered.Notes)
}

// objects prints what would be applied.
func (o *render) objects(objects []*unstructured.Unstructured) error {
	for _, object := range objects {
		text, err := yaml.Marshal(redact.Object(object).Object)
		if err != nil {
			return fmt.Errorf("write %s %s: %w", object.GetKind(), object.GetName(), err)
		}
		if _, err := fmt.Fprintf(o.Out, "---\n%s", text); err != nil {
			return err
		}
	}
	return nil
}

func (o *render) report(problems []manifest.Problem, notes []string) error {
	if problems == nil {
		problems = []manifest.Problem{}
	}
	printed, err := o.problems.print(o.settings, problems)
	switch {
	case err != nil:
		return err
	case !printed:
		for _, problem := range problems {
			o.note("%s", problem)
		}
		for _, note := range notes {
			o.note("note: %s", note)
		}
		if o.check && len(problems) == 0 {
			o.say("no problem found")
		}
	}
	if len(problems) > 0 {
		return errNo
	}
	return nil
}
