# One image for every service; the command says which one runs.
FROM python:3.11-slim-bookworm AS packages
ARG REQUIREMENTS=requirements.txt
COPY ${REQUIREMENTS} /tmp/requirements.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /tmp/requirements.txt

FROM node:20-bookworm-slim AS scripts
COPY services/gateway/web/package.json services/gateway/web/package-lock.json services/gateway/web/vendor.txt \
    services/gateway/web/vendor.sh services/gateway/web/.npmrc /pages/
RUN /pages/vendor.sh

FROM python:3.11-slim-bookworm
# WeasyPrint draws the licence with Pango; the fonts carry its Arabic.
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-noto-core libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 shubbak \
    && useradd --uid 10001 --gid shubbak --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin shubbak \
    && install -d -o shubbak -g shubbak /definitions /heads /papers
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY rules rules
COPY contracts contracts
COPY chassis chassis
COPY services services
COPY --from=scripts /pages/static/vendor services/gateway/web/static/vendor
COPY infra infra
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    EVENTLET_NO_GREENDNS=yes \
    XDG_CACHE_HOME=/tmp/cache
RUN python -m compileall -q rules contracts chassis services infra \
    && ln -s /app/infra/shubbak /usr/local/bin/shubbak
USER 10001:10001
EXPOSE 8000 9100
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-IS", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9100/health/ready', timeout=4)"]
CMD ["python", "-m", "chassis", "--help"]
