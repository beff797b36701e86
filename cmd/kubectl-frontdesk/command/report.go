package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/bundle"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/redact"
	"github.com/frontdesk-dev/frontdesk/controllers/tenant"
	"github.com/frontdesk-dev/frontdesk/internal/version"
)

type report struct {
	settings
	file  string
	since time.Duration
}

func newReport(shared settings) *cobra.Command {
	o := &report{settings: shared}
	cmd := &cobra.Command{
		Use:   "report TENANT",
		Short: "Write a file about a tenant for those who help",
		Long: `Write a zip file about a tenant for those who help: its objects, events, logs, what its servers say of themselves,
and the operator's version and logs.

Values of Secrets are replaced by their sizes; phone numbers, e-mail addresses and keys are masked everywhere.
MANIFEST.txt in it lists what is in it, and what could not be had.`,
		Example: `  kubectl frontdesk report bright-smile -n dental -o bright-smile.zip`,
		Args:    oneTenant, ValidArgsFunction: shared.completeTenants,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	cmd.Flags().StringVarP(&o.file, "output", "o", "", "file to write; without it: frontdesk-TENANT-TIME.zip here")
	cmd.Flags().DurationVar(&o.since, "since", 24*time.Hour, "how far back logs go")
	return cmd
}

func (o *report) run(ctx context.Context, name string) (err error) {
	connected, err := o.connect()
	if err != nil {
		return err
	}
	found, err := connected.tenant(ctx, name)
	if err != nil {
		return err
	}
	secrets, lacks := connected.secretsAround(ctx, found)
	now := time.Now().UTC().Truncate(time.Second)
	if o.file == "" {
		o.file = fmt.Sprintf("frontdesk-%s-%s.zip", name, now.Format("20060102T150405Z"))
	}
	// Never over another file, and for nobody else to read.
	file, err := os.OpenFile(o.file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("make the report: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := bundle.New(file, redact.New(secrets...), now)
	for _, lack := range lacks {
		out.Lack("values to look for", lack)
	}
	gatherer{connected, found, out, o.since}.gather(ctx, secrets)
	title := fmt.Sprintf("Tenant %s/%s at %s, by kubectl frontdesk %s", found.Namespace, found.Name, now.Format(time.RFC3339), version.String())
	if err := out.Close(title); err != nil {
		return err
	}
	for _, gap := range out.Gaps() {
		o.note("not in it: %s", gap)
	}
	o.say("%s", o.file)
	return nil
}

// secretsAround are the Secrets whose values must not appear: those that the tenant names, and those that
// were made for it.
func (s *session) secretsAround(ctx context.Context, t *v1alpha1.Tenant) (found []*corev1.Secret, lacks []error) {
	names := tenant.SecretNames(t)
	for _, item := range t.Status.Inventory {
		if item.Group == "" && item.Kind == "Secret" {
			names = append(names, item.Name)
		}
	}
	seen := map[string]bool{}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		secret := &corev1.Secret{}
		switch err := s.client.Get(ctx, client.ObjectKey{Namespace: t.Namespace, Name: name}, secret); {
		case err == nil:
			found = append(found, secret)
		case !apierrors.IsNotFound(err):
			lacks = append(lacks, err)
		}
	}
	return found, lacks
}
