# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --quiet --disable-pip-version-check
PHOTOS ?= $(AILOCK_PHOTOS)
OUT ?= out
TORCH ?=
# An exact torch requirement, where the newest is not wanted.

.PHONY: demo test test-tools lint bench arm kills fuzz code-table verify paper attacks vectors photos wheel clean

demo: $(VENV)/.demo
	@$(RUN) -m tools.demo

test: $(VENV)/.test
	$(RUN) -m pytest

# What `make test` skips without TensorFlow, PyTorch, scikit-learn and Mitsuba, in an environment of its own and a
# process each: loaded together they crash on exit.
test-tools: $(VENV)-tools/.installed
	$(VENV)-tools/bin/python -m pytest tests/tools/test_convert_tflite.py tests/tools/conversion/test_weights.py tests/cli/test_cli_models.py
	$(VENV)-tools/bin/python -m pytest tests/tools/training/test_training.py
	$(VENV)-tools/bin/python -m pytest tests/benchmarks/attacks/test_images.py
	$(VENV)-tools/bin/python -m pytest tests/lab/fitting/test_incremental_pca.py
	$(VENV)-tools/bin/python -m pytest tests/tools/test_fit_projection.py
	$(VENV)-tools/bin/python -m pytest tests/tools/test_render_photos.py

$(VENV)-tools/.installed: pyproject.toml
	@echo "installing TensorFlow, PyTorch, scikit-learn and Mitsuba ..."
	@$(PYTHON) -m venv $(VENV)-tools
	@$(VENV)-tools/bin/python -m pip --quiet --disable-pip-version-check install -e '.[test,convert,train,fit,render]' $(TORCH)
	@touch $@

lint: $(VENV)/.test
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

# A 12-megapixel photo and a full-size network to compare with are made first.
bench: $(VENV)/.bench $(OUT)/large.jpg $(OUT)/inception_v3_full/manifest.json
	$(RUN) -m benchmarks.speed.bars --photo $(OUT)/large.jpg --baseline $(OUT)/inception_v3_full --out $(OUT)/speed

$(OUT)/large.jpg: | $(VENV)/.bench
	@mkdir -p $(OUT)
	$(RUN) -m tools.render_photos --large $@

$(OUT)/inception_v3_full/manifest.json: | $(VENV)/.bench
	$(RUN) -m tools.convert_tflite --random --input 299 --outputs pool_3 mixed_8/pool --out $(OUT)/inception_v3_full

# CPython and ailock for an ARM phone or board, in one folder to copy there; needs apt (Debian).
arm: $(VENV)/.test
	$(RUN) -m benchmarks.speed.arm_bundle --arch aarch64 --out $(OUT)/arm/aarch64

# Campaigns: long forms of what `make test` does briefly.
kills: $(VENV)/.test
	$(RUN) -m tests.campaign_kills --count 1000

fuzz: $(VENV)/.test
	$(RUN) -m tests.campaign_records --count 20000
	$(RUN) -m tests.fuzz_images --count 2000

code-table: $(VENV)/.test
	$(RUN) -m tools.code_table --trials 10000 --out $(OUT)/codes

# PHOTOS is a photo set: a zip with labels.csv, or a folder with one folder per object.
verify: $(VENV)/.test
	$(RUN) -m benchmarks.accuracy verify --photos "$(PHOTOS)" --out $(OUT)/verify

# The paper's figures and tables on PHOTOS; PAPER adds roles and bundles, such as
# PAPER="--impostor others.zip --bundle inception_v3_slim FULL".
paper: $(VENV)/.test
	$(RUN) -m benchmarks.accuracy paper --photos "$(PHOTOS)" $(PAPER) --out $(OUT)/paper

# FIT: photo sets that the attacker owns; such as the projection was not fitted on.
attacks: $(VENV)/.test
	$(RUN) -m benchmarks.attacks helper-data --photos "$(PHOTOS)" --fit $(FIT) --out $(OUT)/attacks

vectors: $(VENV)/.test
	$(RUN) -m tests.make_vectors

photos: $(VENV)/.test
	$(PIP) install -e '.[render]'
	$(RUN) -m tools.render_photos --out tests/photos

wheel: $(VENV)/.test
	$(PIP) install build
	$(RUN) -m build --wheel --outdir dist

clean:
	rm -rf $(VENV) dist build out .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@echo "creating $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml
	@echo "installing ailock-sdk and what it needs at run time ..."
	@$(PIP) install -e .
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@echo "installing what the tests need ..."
	@$(PIP) install -e '.[test,lint]'
	@touch $@

$(VENV)/.bench: $(VENV)/.test
	@echo "installing the renderer and the converter ..."
	@$(PIP) install -e '.[convert,render]'
	@touch $@
