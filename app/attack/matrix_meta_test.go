package attack

var _ = add(func(*world) resource {
	return resource{rows: `
operation      id               none expired no-org viewer member other admin owner stranger suspended removed out
getKeys        -                 200     200    200    200    200   200   200   200      200       200     200 200
getSpec        -                 200     200    200    200    200   200   200   200      200       200     200 200
`}
})
