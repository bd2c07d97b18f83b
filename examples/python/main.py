"""A Python service that looks one user up and waits for the next event of its organization."""

import os
import time

import grpc
from userstore.v1.event_service_pb2 import WatchEventsRequest
from userstore.v1.event_service_pb2_grpc import EventServiceStub
from userstore.v1.user_service_pb2 import FindUserRequest
from userstore.v1.user_service_pb2_grpc import UserServiceStub

address = os.environ.get("USERSTORE_ADDRESS", "localhost:50051")
organization_id = os.environ["ORGANIZATION_ID"]
metadata = [("authorization", f"Bearer {os.environ['USERSTORE_TOKEN']}")]


def first_event(events, request):
    while True:
        try:
            for message in events.WatchEvents(request, metadata=metadata):
                if message.events:
                    return message.events[0]
                request.cursor = message.checkpoint  # A message without events is a heartbeat.
        except grpc.RpcError as error:
            # Connections end every few minutes: the next watch resumes after the last message.
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
        time.sleep(1)


with grpc.insecure_channel(address) as channel:
    request = FindUserRequest(organization_id=organization_id, email="ana@oakstreet.example")
    # Every call but a watch has a deadline.
    found = UserServiceStub(channel).FindUser(request, metadata=metadata, timeout=10)
    print("found", found.user.user_name, flush=True)

    event = first_event(EventServiceStub(channel), WatchEventsRequest(organization_id=organization_id))
    print("event", event.type, event.resource_id)
