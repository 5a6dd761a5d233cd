-- One database per service; run once by the image's entry point on an empty data folder.
create database deskstream_gateway;
create database deskstream_ticketing;
create database deskstream_notifier;
