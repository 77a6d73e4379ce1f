# The image for the injector of vault-k8s, unmodified: that of Outrigger, whose `vault` is Outrigger, and the programs that
# the injector's commands are made of (sh, base64, sleep, echo) beside those that templates' commands use most.
#   docker build -f deploy/vault.Dockerfile -t outrigger/vault:0.1.0 .
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /build
COPY deploy/image/rootfs.sh deploy/image/vault ./
RUN ./rootfs.sh /root-of-image /bin/sh /usr/bin/base64 /bin/sleep /bin/cat /bin/chmod /bin/mkdir \
 && echo 'vault:x:100:1000::/home/vault:/bin/sh' >>/root-of-image/etc/passwd \
 && echo 'vault:x:1000:' >>/root-of-image/etc/group \
 && cp vault /root-of-image/bin/vault \
 && mkdir -p /root-of-image/home/vault && chown 100:1000 /root-of-image/home/vault

FROM outrigger/outrigger:0.1.0
COPY --from=build /root-of-image /
ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin HOME=/home/vault
USER 100:1000
ENTRYPOINT ["/bin/vault"]
CMD ["agent", "-help"]
