package attack

var _ = add(func(*world) resource {
	return resource{rows: `
operation       id      none expired no-org viewer member other admin owner stranger suspended removed out
listAuditLog    -        401     401    401    200    200   200   200   200      200       401     401 401
listAuditLog    header   401     401    401    200    200   200   200   200      200       401     401 401
listAuditLog    filter   401     401    401    400    400   400   400   400      400       400     400 400
listAuditLog    cursor   401     401    401    400    400   400   400   400      400       400     400 400
exportAuditLog  -        401     401    401    403    403   403   200   200      200       401     401 401
exportAuditLog  header   401     401    401    403    403   403   200   200      200       401     401 401
exportAuditLog  filter   401     401    401    403    403   403   400   400      400       401     401 401
verifyAuditLog  -        401     401    401    403    403   403   200   200      200       401     401 401
verifyAuditLog  header   401     401    401    403    403   403   200   200      200       401     401 401
verifyAuditLog  filter   401     401    401    403    403   403   400   400      400       401     401 401
`}
})
