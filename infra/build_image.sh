#!/usr/bin/env bash
# Builds the image without a daemon, by buildah as root, and runs it once: `infra/build_image.sh`.
# BASE is where the image begins, as in the Dockerfile; BASE=debootstrap makes one of Debian's packages, where no
# registry of images is reached. The image is ac-advisor:smoke in a store of its own, below STORE.
set -euo pipefail
cd "$(dirname "$0")/.."
BASE=${BASE:-python:3.11-slim-bookworm}
STORE=${STORE:-$(mktemp -d)}
in_store() { buildah --root "$STORE/storage" --runroot "$STORE/run" --storage-driver vfs "$@"; }

if [ "$BASE" = debootstrap ]; then
    debootstrap --variant=minbase --include=python3,python3-venv,python-is-python3,ca-certificates \
        bookworm "$STORE/debian" http://deb.debian.org/debian >"$STORE/debootstrap.log"
    made=$(in_store from scratch)
    in_store add --quiet "$made" "$STORE/debian" / >/dev/null
    in_store commit --quiet "$made" localhost/ac-advisor-base >/dev/null
    in_store rm "$made" >/dev/null
    rm -rf "$STORE/debian"
    BASE=localhost/ac-advisor-base
fi
# what pip is told on this machine (an index of one's own, whom it trusts) holds in the build, too
mounts=()
for file in /etc/pip.conf /etc/ssl/certs/ca-certificates.crt; do
    if [ -f "$file" ]; then mounts+=(--volume "$file:$file:ro"); fi
done
in_store bud --isolation chroot --network host --build-arg "BASE=$BASE" "${mounts[@]}" \
    --file infra/Dockerfile --tag ac-advisor:smoke . >"$STORE/build.log" 2>&1 \
    || { tail -n 20 "$STORE/build.log" >&2; exit 1; }
container=$(in_store from --pull-never ac-advisor:smoke)
run() { in_store run --isolation chroot "$container" -- "$@"; }
[ "$(run id -u)" != 0 ] || { echo "the image runs as root" >&2; exit 1; }
run ac-advisor --help >/dev/null
run python -c "import awslambdaric, boto3, lightgbm, cloud.wiring.kinesis, cloud.wiring.claims, mobile_api.app"
in_store rm "$container" >/dev/null
echo "ac-advisor:smoke was built and runs as $(in_store inspect --format '{{.OCIv1.Config.User}}' ac-advisor:smoke)"
