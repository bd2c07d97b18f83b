import com.unboundid.scim2.client.ScimService;
import com.unboundid.scim2.common.GenericScimResource;
import com.unboundid.scim2.common.ScimResource;
import com.unboundid.scim2.common.exceptions.ScimException;
import com.unboundid.scim2.common.messages.ListResponse;
import com.unboundid.scim2.common.types.Email;
import com.unboundid.scim2.common.types.GroupResource;
import com.unboundid.scim2.common.types.Member;
import com.unboundid.scim2.common.types.UserResource;
import jakarta.ws.rs.client.Client;
import jakarta.ws.rs.client.ClientBuilder;
import jakarta.ws.rs.client.ClientRequestFilter;
import java.util.ArrayList;
import java.util.List;
import org.glassfish.jersey.apache5.connector.Apache5ConnectorProvider;
import org.glassfish.jersey.client.ClientConfig;

/** Uses UnboundID's SCIM 2 SDK as a program of somebody else would: it refuses every answer that its types do not fit. */
public final class TypedClient {
  private static ScimService scim;

  public static void main(String[] args) throws Exception {
    String name = args[2];
    Client client = ClientBuilder.newClient(new ClientConfig().connectorProvider(new Apache5ConnectorProvider()));
    ClientRequestFilter token = request -> request.getHeaders().putSingle("Authorization", "apikey " + args[1]);
    scim = new ScimService(client.register(token).target(args[0]));

    check(scim.getServiceProviderConfig().getPatch().isSupported(), "PATCH is supported");
    check(scim.getResourceTypes().getTotalResults() >= 2, "there are users and groups");
    check(scim.getSchemas().getTotalResults() >= 3, "there are schemas");

    List<UserResource> before = walk("Users", UserResource.class);
    for (UserResource user : before) {
      check(scim.retrieve("Users", user.getId(), UserResource.class).getId().equals(user.getId()), user.getId());
    }
    walk("Users", GenericScimResource.class);

    UserResource user = new UserResource().setUserName(name).setDisplayName("Typed");
    user.setEmails(new Email().setValue(name).setType("work"));
    UserResource created = scim.create("Users", user);
    check(created.getActive(), "a new user is active");
    check(scim.replace(created.setTitle("Engineer")).getTitle().equals("Engineer"), "replace");
    UserResource patched =
        scim.modifyRequest("Users", created.getId())
            .replaceValue("displayName", "Changed")
            .replaceValue("active", false)
            .invoke(UserResource.class);
    check(patched.getDisplayName().equals("Changed") && !patched.getActive(), "modify");
    ListResponse<UserResource> found =
        scim.searchRequest("Users").filter("userName eq \"" + name + "\"").invoke(UserResource.class);
    check(found.getTotalResults() == 1, "filter");

    GroupResource group = new GroupResource().setDisplayName("Group of " + name);
    GroupResource made = scim.create("Groups", group.setMembers(List.of(new Member().setValue(created.getId()))));
    check(made.getMembers().get(0).getValue().equals(created.getId()), "members");
    walk("Groups", GroupResource.class);
    scim.delete("Groups", made.getId());
    scim.delete("Users", created.getId());
    check(walk("Users", UserResource.class).size() == before.size(), "delete");
    System.out.println("read " + before.size() + " users");
  }

  private static <T extends ScimResource> List<T> walk(String endpoint, Class<T> type) throws ScimException {
    List<T> resources = new ArrayList<>();
    while (true) {
      ListResponse<T> page = scim.searchRequest(endpoint).page(resources.size() + 1, 7).invoke(type);
      page.forEach(resources::add);
      if (resources.size() >= page.getTotalResults()) {
        return resources;
      }
    }
  }

  private static void check(boolean isTrue, String what) {
    if (!isTrue) {
      throw new AssertionError(what);
    }
  }
}
