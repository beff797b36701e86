package v1alpha1

import "k8s.io/apimachinery/pkg/api/resource"

// DatabaseEngine is the kind of database that keeps a tenant's data.
//
// +kubebuilder:validation:Enum=SQLite;Postgres;CloudNativePG;JSONFile
type DatabaseEngine string

const (
	// DatabaseEngineSQLite is an embedded database on a volume of its own.
	DatabaseEngineSQLite DatabaseEngine = "SQLite"
	// DatabaseEnginePostgres is a database on a PostgreSQL server that exists
	// already.
	DatabaseEnginePostgres DatabaseEngine = "Postgres"
	// DatabaseEngineCloudNativePG is a PostgreSQL cluster made by the
	// CloudNativePG operator.
	DatabaseEngineCloudNativePG DatabaseEngine = "CloudNativePG"
	// DatabaseEngineJSONFile is a readable file, for development.
	DatabaseEngineJSONFile DatabaseEngine = "JSONFile"
)

// MigrationSource is an engine from which data can be moved to another.
//
// +kubebuilder:validation:Enum=SQLite
type MigrationSource string

const (
	// MigrationSourceSQLite moves the data of engine SQLite.
	MigrationSourceSQLite MigrationSource = "SQLite"
)

// Database says where a tenant's data is kept. The engine decides which of
// the blocks below it applies.
//
// +kubebuilder:validation:XValidation:rule="self.engine == 'Postgres' ? has(self.postgres) : !has(self.postgres)",fieldPath=".postgres",message="must be set when engine is Postgres, and only then"
// +kubebuilder:validation:XValidation:rule="!has(self.sqlite) || self.engine == 'SQLite'",fieldPath=".sqlite",reason=FieldValueForbidden,message="may only be set when engine is SQLite"
// +kubebuilder:validation:XValidation:rule="!has(self.cloudNativePG) || self.engine == 'CloudNativePG'",fieldPath=".cloudNativePG",reason=FieldValueForbidden,message="may only be set when engine is CloudNativePG"
// +kubebuilder:validation:XValidation:rule="!has(self.migrateFrom) || self.engine in ['Postgres', 'CloudNativePG']",fieldPath=".migrateFrom",reason=FieldValueForbidden,message="may only be set when engine is Postgres or CloudNativePG: data moves from SQLite to one of those, never back"
// +kubebuilder:validation:XValidation:rule="self.engine == oldSelf.engine || (oldSelf.engine == 'SQLite' && self.engine in ['Postgres', 'CloudNativePG'] && has(self.migrateFrom))",fieldPath=".engine",message="cannot be changed, because the data would stay behind; the one exception is from SQLite to Postgres or CloudNativePG together with migrateFrom: SQLite, which copies the data"
// +kubebuilder:validation:XValidation:rule="!has(self.adopt) || !self.adopt || self.engine != 'JSONFile'",fieldPath=".adopt",reason=FieldValueForbidden,message="is not possible with engine JSONFile"
type Database struct {
	// engine is the kind of database.
	//
	// - SQLite (the default): a file on a volume made for the tenant. One pod,
	//   and nothing else is needed.
	// - Postgres: a PostgreSQL server that exists already; needs the block
	//   postgres.
	// - CloudNativePG: a PostgreSQL cluster of the tenant's own, run by the
	//   CloudNativePG operator.
	// - JSONFile: a small, readable file, for development. Never for real
	//   customers.
	//
	// The engine cannot be changed afterwards, with one exception: see
	// migrateFrom.
	// +optional
	// +kubebuilder:default=SQLite
	Engine DatabaseEngine `json:"engine,omitempty"`

	// sqlite sizes the volume of engine SQLite. Optional; without it the volume
	// has 1Gi.
	// +optional
	SQLite *SQLiteDatabase `json:"sqlite,omitempty"`

	// postgres says which PostgreSQL server to use, or which database. Required
	// when engine is Postgres.
	// +optional
	Postgres *PostgresDatabase `json:"postgres,omitempty"`

	// cloudNativePG sizes the cluster of engine CloudNativePG. Optional; without
	// it: 3 instances of 10Gi.
	// +optional
	CloudNativePG *CloudNativePGDatabase `json:"cloudNativePG,omitempty"`

	// migrateFrom is the one way to change the engine: set engine to Postgres or
	// CloudNativePG and migrateFrom to SQLite in the same edit. The operator
	// suspends the server, copies all data, checks the copy and starts the
	// server on the new database. The old volume is kept until it is removed by
	// hand, and migrateFrom may then be removed as well. While the copy runs,
	// DatabaseReady is False with the reason Migrating.
	// +optional
	MigrateFrom MigrationSource `json:"migrateFrom,omitempty"`

	// adopt must be true to take over a volume, database or cluster that exists
	// already under the tenant's name, for example after a Tenant with
	// deletionPolicy Retain was deleted. Without it, data that exists is never
	// touched and DatabaseReady is False with the reason AdoptionRequired.
	// +optional
	Adopt *bool `json:"adopt,omitempty"`
}

// SQLiteDatabase is an embedded database on a volume.
//
// +kubebuilder:validation:XValidation:rule="quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0",fieldPath=".size",message="cannot shrink: a volume can only grow"
// +kubebuilder:validation:XValidation:rule="has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",fieldPath=".storageClassName",message="cannot be changed: a volume keeps its class"
type SQLiteDatabase struct {
	// size of the volume, for example 1Gi. It can be raised later, if the
	// storage class allows that, and never lowered. Default: 1Gi.
	// +optional
	// +kubebuilder:default="1Gi"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity('64Mi')) >= 0",message="must be at least 64Mi"
	Size resource.Quantity `json:"size,omitzero"`

	// storageClassName of the volume. Without it the cluster's default class is
	// used. It cannot be changed.
	// +optional
	StorageClassName *ObjectName `json:"storageClassName,omitempty"`
}

// PostgresDatabase says which PostgreSQL to use. Exactly one of server and
// urlSecretRef must be set.
//
// +kubebuilder:validation:XValidation:rule="has(self.server) != has(self.urlSecretRef)",message="exactly one of server and urlSecretRef must be set"
// +kubebuilder:validation:XValidation:rule="has(self.server) == has(oldSelf.server) && (!has(self.server) || self.server == oldSelf.server)",fieldPath=".server",message="cannot be changed, because the data would stay behind on the other server"
type PostgresDatabase struct {
	// server is the name of a PostgreSQL server that the platform team defined
	// (databaseServers in the chart's values) and opened to this namespace. The
	// operator makes a database and a role for the tenant on it, both named
	// after namespace and tenant, and rotates the password. It cannot be
	// changed.
	// +optional
	Server Identifier `json:"server,omitempty"`

	// urlSecretRef brings a database of your own: an entry of a Secret that
	// holds a connection URL, such as
	// postgres://user:password@host:5432/name?sslmode=verify-full. The role must
	// own the database; the server makes its tables by itself. A changed URL is
	// taken up within seconds, on new connections, without a restart.
	// +optional
	URLSecretRef *SecretKeyReference `json:"urlSecretRef,omitempty"`
}

// CloudNativePGDatabase is a PostgreSQL cluster that the CloudNativePG
// operator runs for this tenant.
//
// +kubebuilder:validation:XValidation:rule="quantity(string(self.size)).compareTo(quantity(string(oldSelf.size))) >= 0",fieldPath=".size",message="cannot shrink: a volume can only grow"
// +kubebuilder:validation:XValidation:rule="has(self.storageClassName) == has(oldSelf.storageClassName) && (!has(self.storageClassName) || self.storageClassName == oldSelf.storageClassName)",fieldPath=".storageClassName",message="cannot be changed: a volume keeps its class"
type CloudNativePGDatabase struct {
	// instances is how many PostgreSQL pods there are: one primary, the others
	// replicas that can take over. From 1 to 9; 3 survives the loss of a node.
	// Default: 3.
	// +optional
	// +kubebuilder:default=3
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=9
	Instances int32 `json:"instances,omitempty"`

	// size of each instance's volume, for example 10Gi. It can be raised later
	// and never lowered. Default: 10Gi.
	// +optional
	// +kubebuilder:default="10Gi"
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).compareTo(quantity('1Gi')) >= 0",message="must be at least 1Gi"
	Size resource.Quantity `json:"size,omitzero"`

	// storageClassName of the volumes. Without it the cluster's default class is
	// used. It cannot be changed.
	// +optional
	StorageClassName *ObjectName `json:"storageClassName,omitempty"`
}

// Cache is a cache that all replicas of a tenant share.
type Cache struct {
	// redis is a Redis server to use.
	// +required
	Redis RedisCache `json:"redis"`
}

// RedisCache is a Redis server.
type RedisCache struct {
	// urlSecretRef is an entry of a Secret that holds a URL such as
	// rediss://user:password@host:6379/0.
	// +required
	URLSecretRef SecretKeyReference `json:"urlSecretRef"`
}
