// Package changes shows what would change in an object as a unified diff, without values of Secrets, and
// says whether pods would be restarted by it. It is pure.
package changes
