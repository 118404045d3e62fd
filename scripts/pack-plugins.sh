#!/usr/bin/env bash
# Packs each built plugin into <folder>/<id>-<version>[.<os>_<arch>].zip with a SHA-1 beside it, as Grafana's catalog takes
# them. A plugin with a backend has one zip per platform. Each is signed by itself, since a signature lists the files;
# without GRAFANA_ACCESS_POLICY_TOKEN they stay unsigned, and the script says so.
set -euo pipefail

out=$(mkdir -p "${1:?usage: scripts/pack-plugins.sh <folder>}" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -n "${GRAFANA_ACCESS_POLICY_TOKEN:-}" ] || echo 'GRAFANA_ACCESS_POLICY_TOKEN is not set: the plugins are NOT signed' >&2

pack() { # plugin folder, name of the zip, backend to keep (empty: none)
  local plugin=$1 name=$2 backend=$3 id
  id=$(basename "$plugin")
  rm -rf "${work:?}/$id"
  cp -r "$plugin/dist" "$work/$id"
  find "$work/$id" -maxdepth 1 -name 'gpx_*' ! -name "${backend:-}" -delete
  if [ -n "${GRAFANA_ACCESS_POLICY_TOKEN:-}" ]; then
    (cd "$plugin" && npx --yes @grafana/sign-plugin@latest --distDir "$work/$id")
  fi
  rm -f "$out/$name.zip"
  (cd "$work" && zip -qr "$out/$name.zip" "$id")
  (cd "$out" && sha1sum "$name.zip" | cut -d ' ' -f 1 > "$name.zip.sha1")
  echo "$name.zip"
}

for plugin in plugins/*/; do
  plugin=${plugin%/}
  test -f "$plugin/dist/plugin.json" || { echo "$plugin is not built" >&2; exit 1; }
  base=$(basename "$plugin")-$(node -p "require('./$plugin/package.json').version")
  backends=("$plugin"/dist/gpx_*)
  if [ -e "${backends[0]}" ]; then
    for backend in "${backends[@]}"; do
      file=$(basename "$backend")
      platform=${file%.exe}
      pack "$plugin" "$base.$(echo "$platform" | grep -oE '(linux|darwin|windows)_(amd64|arm64)$')" "$file"
    done
  else
    pack "$plugin" "$base" ''
  fi
done
