package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/frontdesk-dev/frontdesk/controllers/internal/provision"
	"github.com/frontdesk-dev/frontdesk/controllers/internal/rootkey"
)

// DatabaseServers are the PostgreSQL servers that the platform defined.
type DatabaseServers = provision.Servers

// ReadDatabaseServers reads them from a file and reports everything that is wrong with it; an empty path means none.
func ReadDatabaseServers(path string) (DatabaseServers, error) { return provision.ReadServers(path) }

// databaseRunner works on the platform's database servers with the administrators in the operator's namespace. Those are
// read past the cache, each time: they are few, seldom needed, and nobody else's business.
func databaseRunner(manager ctrl.Manager, options Options, root *rootkey.Store) (*provision.Runner, error) {
	runner := provision.NewRunner(provision.RunnerOptions{
		Servers: options.Platform.DatabaseServers,
		Log:     manager.GetLogger().WithName("databases"), DrainGrace: options.DrainGrace,
		Admin: func(ctx context.Context, server provision.Server) (provision.Admin, error) {
			return readAdmin(ctx, manager.GetAPIReader(), options.OperatorNamespace, server.AdminSecret)
		},
		Derive: func(ctx context.Context, tenant provision.Identity, serial int) (string, error) {
			key, err := root.Get(ctx)
			if err != nil {
				return "", err
			}
			return key.Derive(rootkey.DatabasePassword(serial), &metav1.ObjectMeta{
				Namespace: tenant.Namespace, Name: tenant.Name, UID: types.UID(tenant.UID),
			})
		},
	})
	if err := manager.Add(runner); err != nil {
		return nil, fmt.Errorf("add the database runner: %w", err)
	}
	return runner, nil
}

func readAdmin(ctx context.Context, live client.Reader, namespace string, ref provision.AdminSecret) (provision.Admin, error) {
	var secret corev1.Secret
	if err := live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: ref.Name}, &secret); err != nil {
		return provision.Admin{}, fmt.Errorf("read the administrator's Secret %s/%s: %w", namespace, ref.Name, err)
	}
	admin := provision.Admin{User: string(secret.Data[ref.UsernameKey]), Password: string(secret.Data[ref.PasswordKey])}
	if admin.User == "" || admin.Password == "" {
		return admin, fmt.Errorf("the administrator's Secret %s/%s needs the entries %q and %q", namespace, ref.Name, ref.UsernameKey, ref.PasswordKey)
	}
	return admin, nil
}
