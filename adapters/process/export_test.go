package process

// Ungroup lets the sessions that start from now on run without control groups.
func (r *Runtime) Ungroup() { r.groups.kernel = nil }
