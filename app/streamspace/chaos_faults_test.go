package main

import (
	"syscall"
	"time"
)

// disaster is something that goes wrong with a rig.
type disaster struct {
	name  string
	begin func(r *rig, hosts ...int)
	// lasts is how long it happens in TestFaults; zero: a second.
	lasts time.Duration
}

// faults are all that happens to the processes and connections of a rig. heal ends each.
var faults = []disaster{
	{name: "control plane killed", begin: func(r *rig, _ ...int) { r.end(r.server, syscall.SIGKILL) }},
	{name: "control plane stopped", begin: func(r *rig, _ ...int) { r.end(r.server, syscall.SIGTERM) }},
	{name: "control plane frozen", begin: func(r *rig, _ ...int) { r.server.signal(syscall.SIGSTOP) }},
	{name: "database killed", begin: func(r *rig, _ ...int) { r.killDatabase() }},
	{name: "database crashed", begin: func(r *rig, _ ...int) { r.crashDatabase() }},
	{name: "database frozen", begin: func(r *rig, _ ...int) { r.signalDatabase(syscall.SIGSTOP) }},
	{name: "database out of reach", lasts: 12 * time.Second, begin: func(r *rig, _ ...int) { r.storage.goAway() }},
	{name: "database silent", begin: func(r *rig, _ ...int) { r.storage.stall() }},
	{name: "database slow", begin: func(r *rig, _ ...int) { r.storage.slow() }},
	{name: "clients cut off", begin: func(r *rig, _ ...int) { r.clients.cut() }},
	{name: "clients out of reach", begin: func(r *rig, _ ...int) { r.clients.goAway() }},
	{name: "clients silent", begin: func(r *rig, _ ...int) { r.clients.stall() }},
	{name: "host cut off", begin: onLinks((*relay).cut)},
	{name: "host out of reach", begin: onLinks((*relay).goAway)},
	{name: "host silent", begin: onLinks((*relay).stall)},
	{name: "host slow", begin: onLinks((*relay).slow)},
	{name: "agent frozen", begin: onAgents(func(_ *rig, a *daemon) { a.signal(syscall.SIGSTOP) })},
	{name: "agent killed", begin: onAgents(func(r *rig, a *daemon) { r.end(a, syscall.SIGKILL) })},
	{name: "agent upgraded", begin: onAgents(func(r *rig, a *daemon) { r.end(a, syscall.SIGTERM) })},
}

func onLinks(do func(*relay)) func(*rig, ...int) {
	return func(r *rig, hosts ...int) {
		for _, i := range hosts {
			do(r.links[i])
		}
	}
}

func onAgents(do func(*rig, *daemon)) func(*rig, ...int) {
	return func(r *rig, hosts ...int) {
		for _, i := range hosts {
			do(r, r.agents[i])
		}
	}
}
