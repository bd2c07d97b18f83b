"""Uses scim2-client as a program of somebody else would: it refuses every answer that breaks a published schema."""

import sys

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, SearchRequest

base_url, token, name = sys.argv[1:]
http = Client(base_url=base_url, headers={"Authorization": f"apikey {token}"}, timeout=30)
scim = SyncSCIMClient(http)
scim.discover()
User = scim.get_resource_model("User")
Group = scim.get_resource_model("Group")


def walk(model):
    """Reads pages until all resources are read."""
    resources = []
    while True:
        page = scim.query(model, query_parameters=SearchRequest(start_index=len(resources) + 1, count=7))
        resources += page.resources or []
        if len(resources) >= page.total_results:
            return resources


def patch(resource, *operations):
    model = type(resource)
    return scim.modify(model, resource.id, PatchOp[model](operations=list(operations)))


before = walk(User)
for user in before:
    assert scim.query(User, user.id).id == user.id

created = scim.create(User(user_name=name, display_name="Typed", emails=[{"value": name, "type": "work"}]))
assert created.active is True, created
created.title = "Engineer"
assert scim.replace(created).title == "Engineer"
patched = patch(
    created,
    PatchOperation(op="replace", path="displayName", value="Changed"),
    PatchOperation(op="replace", path="active", value=False),
)
assert patched.display_name == "Changed" and patched.active is False, patched
found = scim.query(User, query_parameters=SearchRequest(filter=f'userName eq "{name}"'))
assert [user.id for user in found.resources] == [created.id], found
assert scim.search(SearchRequest(filter=f'userName eq "{name}"')).total_results == 1

group = scim.create(Group(display_name=f"Group of {name}", members=[{"value": created.id}]))
renamed = patch(group, PatchOperation(op="replace", path="displayName", value=f"Renamed {name}"))
assert [member.value for member in renamed.members] == [created.id], renamed
assert group.id in [one.id for one in walk(Group)]
assert [one.value for one in scim.query(User, created.id).groups] == [group.id]

scim.delete(Group, group.id)
scim.delete(User, created.id)
assert len(walk(User)) == len(before)
print(f"read {len(before)} users")
