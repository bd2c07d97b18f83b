import com.leasehawk.userstore.v1.Event;
import com.leasehawk.userstore.v1.EventServiceGrpc;
import com.leasehawk.userstore.v1.FindUserRequest;
import com.leasehawk.userstore.v1.UserServiceGrpc;
import com.leasehawk.userstore.v1.WatchEventsRequest;
import io.grpc.Channel;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/** A Java service that looks one user up and waits for the next event of its organization. */
public final class Main {
  public static void main(String[] args) throws InterruptedException {
    var address = Objects.requireNonNullElse(System.getenv("USERSTORE_ADDRESS"), "localhost:50051");
    var organizationId = System.getenv("ORGANIZATION_ID");
    var headers = new Metadata();
    var authorization = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    headers.put(authorization, "Bearer " + System.getenv("USERSTORE_TOKEN"));
    var channel =
        Grpc.newChannelBuilder(address, InsecureChannelCredentials.create())
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
            .build();

    var request = FindUserRequest.newBuilder().setOrganizationId(organizationId).setEmail("ana@oakstreet.example");
    // Every call but a watch has a deadline.
    var users = UserServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS);
    System.out.println("found " + users.findUser(request.build()).getUser().getUserName());

    var event = firstEvent(channel, WatchEventsRequest.newBuilder().setOrganizationId(organizationId));
    System.out.println("event " + event.getType() + " " + event.getResourceId());
    channel.shutdownNow();
  }

  private static Event firstEvent(Channel channel, WatchEventsRequest.Builder request) throws InterruptedException {
    while (true) {
      try {
        var messages = EventServiceGrpc.newBlockingStub(channel).watchEvents(request.build());
        while (messages.hasNext()) {
          var message = messages.next();
          if (message.getEventsCount() > 0) return message.getEvents(0);
          // A message without events is a heartbeat.
          request.setCursor(message.getCheckpoint());
        }
      } catch (StatusRuntimeException error) {
        // Connections end every few minutes: the next watch resumes after the last message.
        if (error.getStatus().getCode() != Status.Code.UNAVAILABLE) throw error;
      }
      TimeUnit.SECONDS.sleep(1);
    }
  }
}
