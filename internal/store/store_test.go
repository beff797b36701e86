package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/frontdesk-dev/frontdesk/internal/store"
	"github.com/frontdesk-dev/frontdesk/internal/tenantconfig"
	"github.com/frontdesk-dev/frontdesk/internal/testing/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, options := range map[string]store.Options{
		"SQLite": store.ForDocument(tenantconfig.Database{
			Engine: tenantconfig.EngineSQLite, Path: filepath.Join(t.TempDir(), "a.db"),
		}, "", nil),
		"JSONFile": store.ForDocument(tenantconfig.Database{
			Engine: tenantconfig.EngineJSONFile, Path: filepath.Join(t.TempDir(), "a.json"),
		}, "", nil),
		"Postgres": store.ForDocument(tenantconfig.Database{Engine: tenantconfig.EnginePostgres, MaxConnections: 2}, pgtest.EmptyURL(t), nil),
	} {
		s, err := store.Open(t.Context(), options)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if version, err := s.SchemaVersion(t.Context()); err != nil || version < 1 {
			t.Errorf("%s: schema version %d, %v", name, version, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, engine := range []tenantconfig.Engine{"", "MySQL", tenantconfig.EngineSQLite, tenantconfig.EnginePostgres, tenantconfig.EngineJSONFile} {
		s, err := store.Open(t.Context(), store.Options{Engine: engine})
		if err == nil || s != nil {
			t.Errorf("engine %q without a place: %v, %v; want an error and no store", engine, s, err)
		} else if engine == "MySQL" && !strings.Contains(err.Error(), "database.engine") {
			t.Errorf("engine %q: %v; want to be told which field to set", engine, err)
		}
	}
}
