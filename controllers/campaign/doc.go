// Package campaign says of each Campaign whether it makes sense, whether its tenant is there and can run it,
// and how far it has come. The tenant's server runs campaigns; the operator only reports.
//
// Progress comes from what the servers answer to the prober and is written into the status at most once a
// minute for each campaign, whatever they say in between. What the user or the tenant did (another
// generation, a tenant that became ready) is written at once.
//
// The servers of this release do not run campaigns. They say so, and Ready repeats it.
package campaign
