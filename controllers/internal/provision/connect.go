package provision

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Times after which a connection or a statement is given up. Making a database copies files and may take a while.
const (
	connectTimeout = 5 * time.Second
	closeTimeout   = 2 * time.Second
)

var sessionSettings = map[string]string{
	"application_name":                    "frontdesk-operator",
	"statement_timeout":                   "30s",
	"lock_timeout":                        "5s",
	"idle_in_transaction_session_timeout": "30s",
	"search_path":                         "pg_catalog",
}

// Admin is a role that may create databases and roles.
type Admin struct{ User, Password string }

// Connector opens a connection; tests put one in that breaks.
type Connector func(context.Context, *pgx.ConnConfig) (*pgx.Conn, error)

// config takes nothing from the environment or from files in the home directory.
func (s Server) config(admin Admin, database string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig("host=placeholder user=placeholder passfile=/dev/null servicefile=/dev/null sslcert='' sslkey='' sslrootcert='' sslmode=" + s.SSLMode)
	if err != nil {
		return nil, fmt.Errorf("configure the connection: %w", err)
	}
	config.Host, config.Port, config.Database = s.Host, uint16(s.Port), database
	config.User, config.Password = admin.User, admin.Password
	config.ConnectTimeout = connectTimeout
	config.Fallbacks = nil
	config.RuntimeParams = map[string]string{}
	for name, value := range sessionSettings {
		config.RuntimeParams[name] = value
	}
	if config.TLSConfig != nil && s.SSLMode == SSLVerifyFull {
		config.TLSConfig.ServerName = s.Host
		if s.CACertificate != "" {
			config.TLSConfig.RootCAs = x509.NewCertPool()
			config.TLSConfig.RootCAs.AppendCertsFromPEM([]byte(s.CACertificate)) // validated
		}
	}
	return config, nil
}

// connect opens a connection. close never waits long.
func (e Engine) connect(ctx context.Context, r Request, database string) (conn *pgx.Conn, closeIt func(), err error) {
	config, err := r.Server.config(r.Admin, database)
	if err != nil {
		return nil, nil, err
	}
	open := e.Connect
	if open == nil {
		open = pgx.ConnectConfig
	}
	if conn, err = open(ctx, config); err != nil {
		return nil, nil, err
	}
	return conn, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		_ = conn.Close(ctx) // the server notices by itself in the end
	}, nil
}
