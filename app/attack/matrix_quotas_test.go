package attack

import "testing"

// Members see their own quota alone, so that everyone else's is unknown to them. The ids are those of members.
var _ = add(func(*world) resource {
	none := func(*testing.T, string) map[string]any { return map[string]any{"sessions": map[string]any{}} }
	return resource{
		bodies: map[string]func(*testing.T, string) map[string]any{"updateQuotas": none, "updateMemberQuota": none},
		rows: `
operation         id            none expired no-org viewer member other admin owner stranger suspended removed out
getQuotas         -              401     401    401    200    200   200   200   200      200       401     401 401
getQuotas         header         401     401    401    200    200   200   200   200      200       401     401 401
getQuotas         filter         401     401    401    400    400   400   400   400      400       400     400 400
updateQuotas      -              401     401    401    403    403   403   200   200      200       401     401 401
updateQuotas      body           401     401    401    403    403   403   400   400      400       401     401 401
listMemberQuotas  -              401     401    401    200    200   200   200   200      200       401     401 401
listMemberQuotas  header         401     401    401    200    200   200   200   200      200       401     401 401
listMemberQuotas  filter         401     401    401    400    400   400   400   400      400       400     400 400
listMemberQuotas  cursor         401     401    401    400    400   400   400   400      200       400     400 400
getMemberQuota    own            401     401    401    404    404   404   200   200      404       401     401 401
getMemberQuota    foreign        401     401    401    404    404   404   404   404      200       401     401 401
getMemberQuota    unknown        401     401    401    404    404   404   404   404      404       401     401 401
updateMemberQuota own            401     401    401    403    403   403   200   200      404       401     401 401
updateMemberQuota foreign        401     401    401    403    403   403   404   404      200       401     401 401
updateMemberQuota unknown        401     401    401    403    403   403   404   404      404       401     401 401
updateMemberQuota body           401     401    401    403    403   403   400   400      400       401     401 401
`}
})
