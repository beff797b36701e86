package controllers_test

import "fmt"

const simplePolicy = `
apiVersion: frontdesk.dev/v1alpha1
kind: BookingPolicy
metadata: {name: hours}
spec:
  hours:
    - {days: [Mon, Tue, Wed, Thu, Fri], spans: [{from: "09:00", to: "17:00"}]}
`

// simpleTenant is a tenant named shop with further lines in its spec.
func simpleTenant(more string) string {
	return fmt.Sprintf(`
apiVersion: frontdesk.dev/v1alpha1
kind: Tenant
metadata: {name: shop}
spec:
  displayName: Corner Shop
  timeZone: Europe/Berlin
  bookingPolicyRef: {name: hours}
  resources: [{id: desk, kind: Room, name: Desk}]
  services: [{id: visit, name: Visit, duration: 30m, requires: [{anyOf: [desk]}]}]
%s`, more)
}

const postgresShop = `
  database: {engine: Postgres, postgres: {urlSecretRef: {name: db, key: url}}}
`
