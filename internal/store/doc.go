// Package store opens the store that a tenant's document asks for: Postgres in production, SQLite embedded,
// a JSON file for development.
//
// What a store must do is the contract booking.Store; package storetest holds every implementation to it. Each
// implementation brings its schema along and migrates when it is opened, safely when several servers open at once.
package store
