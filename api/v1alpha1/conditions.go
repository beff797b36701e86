package v1alpha1

// ConditionType is the type of a condition in a status.
type ConditionType string

// ConditionReason is the reason of a condition: one word that a program can act on.
type ConditionReason string

// Conditions of more than one kind.
const (
	// ConditionReady sums up all others. On a Tenant it is True when the configuration of this generation is
	// served by every pod, or when the tenant is suspended as wanted.
	ConditionReady ConditionType = "Ready"
	// ConditionReconciling is present, and True, while the operator works towards the spec (kstatus).
	ConditionReconciling ConditionType = "Reconciling"
	// ConditionStalled is present, and True, when the operator can get no further without an edit (kstatus).
	ConditionStalled ConditionType = "Stalled"
)

// Conditions of a Tenant.
const (
	// ConditionProgressing is True while a change is on its way to the pods.
	ConditionProgressing ConditionType = "Progressing"
	// ConditionDegraded is True while something serves worse than it should.
	ConditionDegraded ConditionType = "Degraded"
	// ConditionConfigurationValid is False when spec and policies do not add up to a configuration. What was
	// valid last keeps serving.
	ConditionConfigurationValid ConditionType = "ConfigurationValid"
	// ConditionSecretsReady is False while a Secret that the spec names, or an entry in it, is missing.
	ConditionSecretsReady ConditionType = "SecretsReady"
	// ConditionDatabaseReady is True when the database exists and the server reaches it.
	ConditionDatabaseReady ConditionType = "DatabaseReady"
	// ConditionWorkloadAvailable is True while enough pods serve.
	ConditionWorkloadAvailable ConditionType = "WorkloadAvailable"
	// ConditionIntegrationsHealthy is False while a provider refuses or cannot be reached.
	ConditionIntegrationsHealthy ConditionType = "IntegrationsHealthy"
	// ConditionRouteAccepted is True when the host is the tenant's and the gateway or ingress took the route.
	ConditionRouteAccepted ConditionType = "RouteAccepted"
	// ConditionMonitoringReady is True when metrics are collected, alerts are in place, and who is named in
	// spec.alerts.emails is told.
	ConditionMonitoringReady ConditionType = "MonitoringReady"
	// ConditionSuspended is True while runState is Suspended and no pod runs.
	ConditionSuspended ConditionType = "Suspended"
)

// Conditions of a BookingPolicy.
const (
	// ConditionAccepted is True when the policy makes sense and may be used.
	ConditionAccepted ConditionType = "Accepted"
)

// Conditions of a Campaign.
const (
	// ConditionRunning is True while attempts are made or due.
	ConditionRunning ConditionType = "Running"
	// ConditionCompleted is True when every lead is through, or the end time has come.
	ConditionCompleted ConditionType = "Completed"
	// ConditionBudgetExhausted is True when the budget stops the campaign.
	ConditionBudgetExhausted ConditionType = "BudgetExhausted"
	// ConditionTenantReady mirrors the tenant's Ready.
	ConditionTenantReady ConditionType = "TenantReady"
)

// Reasons that several conditions share.
const (
	// ReasonReady goes with Ready=True.
	ReasonReady ConditionReason = "Ready"
	// ReasonUnknown goes with a condition that has not been looked at yet.
	ReasonUnknown ConditionReason = "Unknown"
	// ReasonAsExpected goes with a condition that is as it should be and has nothing to add.
	ReasonAsExpected ConditionReason = "AsExpected"
	// ReasonNotConfigured goes with a condition about something that the spec does not ask for.
	ReasonNotConfigured ConditionReason = "NotConfigured"
	// ReasonSuspended means that runState is Suspended.
	ReasonSuspended ConditionReason = "Suspended"
	// ReasonDeleting means that the object is being deleted.
	ReasonDeleting ConditionReason = "Deleting"
	// ReasonApplyFailed means that the API server refused an object that was rendered.
	ReasonApplyFailed ConditionReason = "ApplyFailed"
	// ReasonFightingAnotherController means that somebody undoes every repair of an object.
	ReasonFightingAnotherController ConditionReason = "FightingAnotherController"
	// ReasonNameConflict means that an object of the wanted name exists and belongs to somebody else.
	ReasonNameConflict ConditionReason = "NameConflict"
)

// Reasons of ConfigurationValid, and of Accepted on a BookingPolicy.
const (
	ReasonValid                   ConditionReason = "Valid"
	ReasonInvalid                 ConditionReason = "Invalid"
	ReasonUnknownTimeZone         ConditionReason = "UnknownTimeZone"
	ReasonUnknownHolidayCalendar  ConditionReason = "UnknownHolidayCalendar"
	ReasonBookingPolicyNotFound   ConditionReason = "BookingPolicyNotFound"
	ReasonBookingPolicyInvalid    ConditionReason = "BookingPolicyInvalid"
	ReasonUnsupportedVersion      ConditionReason = "UnsupportedVersion"
	ReasonUnsupportedFeature      ConditionReason = "UnsupportedFeature"
	ReasonIntegrationNotConnected ConditionReason = "IntegrationNotConnected"
	// ReasonRootKeyDamaged means that the operator lost the key from which each tenant's own are derived. The
	// platform team has to mend it; nothing is wrong with the Tenant.
	ReasonRootKeyDamaged ConditionReason = "RootKeyDamaged"
)

// Reasons of SecretsReady.
const (
	ReasonSecretsFound     ConditionReason = "SecretsFound"
	ReasonSecretNotFound   ConditionReason = "SecretNotFound"
	ReasonSecretKeyMissing ConditionReason = "SecretKeyMissing"
)

// Reasons of DatabaseReady.
const (
	ReasonDatabaseReachable     ConditionReason = "DatabaseReachable"
	ReasonDatabaseUnreachable   ConditionReason = "DatabaseUnreachable"
	ReasonDatabaseServerUnknown ConditionReason = "DatabaseServerUnknown"
	ReasonProvisioning          ConditionReason = "Provisioning"
	ReasonMigrating             ConditionReason = "Migrating"
	ReasonAdoptionRequired      ConditionReason = "AdoptionRequired"
	// ReasonDatabaseServerNotAllowed means that the server is not open to the tenant's namespace.
	ReasonDatabaseServerNotAllowed ConditionReason = "DatabaseServerNotAllowed"
	// ReasonDatabaseServerUnavailable means that the operator cannot reach the server, or is not let in.
	ReasonDatabaseServerUnavailable ConditionReason = "DatabaseServerUnavailable"
	// ReasonDatabaseServerFailing means that the server does not do what the operator asks of it.
	ReasonDatabaseServerFailing ConditionReason = "DatabaseServerFailing"
	// ReasonDatabaseConflict means that something of the tenant's name on the server belongs to somebody else.
	ReasonDatabaseConflict ConditionReason = "DatabaseConflict"
	// ReasonDatabaseMissing means that the database was there and is gone.
	ReasonDatabaseMissing ConditionReason = "DatabaseMissing"
)

// Reasons of Progressing, WorkloadAvailable and Ready.
const (
	ReasonRevisionPending      ConditionReason = "RevisionPending"
	ReasonRevisionRefused      ConditionReason = "RevisionRefused"
	ReasonRevisionServed       ConditionReason = "RevisionServed"
	ReasonRollingOut           ConditionReason = "RollingOut"
	ReasonAvailable            ConditionReason = "Available"
	ReasonPodsUnavailable      ConditionReason = "PodsUnavailable"
	ReasonUpdatePending        ConditionReason = "UpdatePending"
	ReasonUpdateWindowClosed   ConditionReason = "UpdateWindowClosed"
	ReasonRolloutPaused        ConditionReason = "RolloutPaused"
	ReasonRolloutHalted        ConditionReason = "RolloutHalted"
	ReasonConfigurationInvalid ConditionReason = "ConfigurationInvalid"
	ReasonSecretsMissing       ConditionReason = "SecretsMissing"
	ReasonDatabaseNotReady     ConditionReason = "DatabaseNotReady"
)

// Reasons of IntegrationsHealthy, RouteAccepted and MonitoringReady.
const (
	ReasonHealthy               ConditionReason = "Healthy"
	ReasonIntegrationFailing    ConditionReason = "IntegrationFailing"
	ReasonRouteAccepted         ConditionReason = "RouteAccepted"
	ReasonRoutePending          ConditionReason = "RoutePending"
	ReasonRouteRefused          ConditionReason = "RouteRefused"
	ReasonHostTaken             ConditionReason = "HostTaken"
	ReasonHostNotAllowed        ConditionReason = "HostNotAllowed"
	ReasonAPINotInstalled       ConditionReason = "APINotInstalled"
	ReasonMonitoringConfigured  ConditionReason = "MonitoringConfigured"
	ReasonMonitoringUnavailable ConditionReason = "MonitoringUnavailable"
	ReasonAlertEmailsOff        ConditionReason = "AlertEmailsOff"
)

// Reasons of a Campaign's conditions.
const (
	ReasonTenantNotFound  ConditionReason = "TenantNotFound"
	ReasonTenantNotReady  ConditionReason = "TenantNotReady"
	ReasonTenantReady     ConditionReason = "TenantReady"
	ReasonScheduled       ConditionReason = "Scheduled"
	ReasonRunning         ConditionReason = "Running"
	ReasonOutsideWindow   ConditionReason = "OutsideWindow"
	ReasonProviderPaused  ConditionReason = "ProviderPaused"
	ReasonCompleted       ConditionReason = "Completed"
	ReasonEndTimeReached  ConditionReason = "EndTimeReached"
	ReasonBudgetExhausted ConditionReason = "BudgetExhausted"
	ReasonBudgetLeft      ConditionReason = "BudgetLeft"
	ReasonInProgress      ConditionReason = "InProgress"
)
