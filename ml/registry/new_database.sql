CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE model (
	name TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_model PRIMARY KEY (name), 
	CONSTRAINT ck_model_generation CHECK (generation >= 0)
);
CREATE TABLE decision (
	model TEXT NOT NULL, 
	window_start VARCHAR(32) NOT NULL, 
	window_end VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	number INTEGER NOT NULL, 
	id TEXT NOT NULL, 
	verdict TEXT NOT NULL, 
	sentence TEXT NOT NULL, 
	"trigger" TEXT NOT NULL, 
	result TEXT NOT NULL, 
	guards TEXT NOT NULL, 
	policy_sha256 TEXT NOT NULL, 
	history_sha256 TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, least_gain DOUBLE, 
	CONSTRAINT pk_decision PRIMARY KEY (number), 
	CONSTRAINT ck_decision_trigger CHECK (trigger IN ('schedule', 'manual')), 
	CONSTRAINT ck_decision_verdict CHECK (verdict IN ('retrain', 'keep', 'cannot_tell')), 
	CONSTRAINT ck_decision_window CHECK (window_start < window_end), 
	CONSTRAINT fk_decision_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT uq_decision_id UNIQUE (id)
);
CREATE INDEX ix_decision_model_as_of_number ON decision (model, as_of, number);
CREATE INDEX ix_decision_model_window_start_window_end ON decision (model, window_start, window_end);
CREATE TABLE finding_set (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	window_start VARCHAR(32) NOT NULL, 
	window_end VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	step TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_finding_set PRIMARY KEY (id), 
	CONSTRAINT ck_finding_set_window CHECK (window_start < window_end), 
	CONSTRAINT fk_finding_set_model FOREIGN KEY(model) REFERENCES model (name)
);
CREATE INDEX ix_finding_set_model_window_start_window_end_as_of_step_key ON finding_set (model, window_start, window_end, as_of, step, "key");
CREATE TABLE lease (
	model TEXT NOT NULL, 
	holder TEXT NOT NULL, 
	until VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_lease PRIMARY KEY (model), 
	CONSTRAINT fk_lease_model FOREIGN KEY(model) REFERENCES model (name)
);
CREATE TABLE observation (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	window_start VARCHAR(32) NOT NULL, 
	window_end VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	quantity TEXT NOT NULL, 
	subject TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	revision INTEGER NOT NULL, 
	value DOUBLE, 
	rows INTEGER NOT NULL, 
	detail TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_observation PRIMARY KEY (id), 
	CONSTRAINT ck_observation_counts CHECK (version >= 0 AND revision >= 0 AND rows >= 0), 
	CONSTRAINT ck_observation_window CHECK (window_start < window_end), 
	CONSTRAINT fk_observation_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT uq_observation_what UNIQUE (model, as_of, window_start, window_end, quantity, subject, version, revision)
);
CREATE INDEX ix_observation_model_window_start_window_end ON observation (model, window_start, window_end);
CREATE TABLE report (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	window_start VARCHAR(32) NOT NULL, 
	window_end VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	kind TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_report PRIMARY KEY (id), 
	CONSTRAINT ck_report_window CHECK (window_start < window_end), 
	CONSTRAINT fk_report_model FOREIGN KEY(model) REFERENCES model (name)
);
CREATE INDEX ix_report_model_window_start_window_end_kind ON report (model, window_start, window_end, kind);
CREATE TABLE snapshot (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	window_start VARCHAR(32) NOT NULL, 
	window_end VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	role TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	columns TEXT NOT NULL, 
	source TEXT NOT NULL, 
	code_version TEXT NOT NULL, 
	supersedes INTEGER, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_snapshot PRIMARY KEY (id), 
	CONSTRAINT ck_snapshot_role CHECK (role IN ('rows', 'labels')), 
	CONSTRAINT ck_snapshot_rows CHECK (rows >= 0), 
	CONSTRAINT ck_snapshot_window CHECK (window_start < window_end), 
	CONSTRAINT fk_snapshot_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT fk_snapshot_supersedes FOREIGN KEY(supersedes) REFERENCES snapshot (id)
);
CREATE INDEX ix_snapshot_model_role_window_end ON snapshot (model, role, window_end);
CREATE INDEX ix_snapshot_model_role_window_start_window_end_as_of ON snapshot (model, role, window_start, window_end, as_of);
CREATE TABLE spec (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	spec TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_spec PRIMARY KEY (id), 
	CONSTRAINT fk_spec_model FOREIGN KEY(model) REFERENCES model (name)
);
CREATE INDEX ix_spec_model_id ON spec (model, id);
CREATE TABLE table_schema (
	model TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	content TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, layout_sha256 TEXT, 
	CONSTRAINT pk_table_schema PRIMARY KEY (model, "key"), 
	CONSTRAINT fk_table_schema_model FOREIGN KEY(model) REFERENCES model (name)
);
CREATE TABLE version (
	model TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	stage TEXT NOT NULL, 
	run_key TEXT NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	trained_from VARCHAR(32) NOT NULL, 
	trained_until VARCHAR(32) NOT NULL, 
	model_sha256 TEXT NOT NULL, 
	manifest TEXT NOT NULL, 
	refit_sha256 TEXT, 
	refit_until VARCHAR(32), 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_version PRIMARY KEY (model, version), 
	CONSTRAINT ck_version_stage CHECK (stage IN ('challenger', 'champion', 'retired', 'rejected')), 
	CONSTRAINT ck_version_refit CHECK ((refit_sha256 IS NULL) = (refit_until IS NULL)), 
	CONSTRAINT ck_version_trained CHECK (trained_from <= trained_until), 
	CONSTRAINT ck_version_version CHECK (version >= 1), 
	CONSTRAINT fk_version_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT uq_version_model_run_key UNIQUE (model, run_key)
);
CREATE UNIQUE INDEX ux_version_one_champion ON version (model) WHERE stage = 'champion';
CREATE TABLE finding (
	id INTEGER NOT NULL, 
	set_id INTEGER NOT NULL, 
	code TEXT NOT NULL, 
	severity TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	said TEXT NOT NULL, 
	CONSTRAINT pk_finding PRIMARY KEY (id), 
	CONSTRAINT ck_finding_rows CHECK (rows >= 0), 
	CONSTRAINT fk_finding_set_id FOREIGN KEY(set_id) REFERENCES finding_set (id)
);
CREATE INDEX ix_finding_code ON finding (code);
CREATE INDEX ix_finding_set_id ON finding (set_id);
CREATE TABLE gate_result (
	model TEXT NOT NULL, 
	challenger INTEGER NOT NULL, 
	champion INTEGER, 
	as_of VARCHAR(32) NOT NULL, 
	passed BOOLEAN NOT NULL, 
	sentence TEXT NOT NULL, 
	metrics TEXT NOT NULL, 
	difference DOUBLE, 
	low DOUBLE, 
	high DOUBLE, 
	rows INTEGER NOT NULL, 
	rows_sha256 TEXT NOT NULL, 
	refitted BOOLEAN NOT NULL, 
	generation INTEGER NOT NULL, 
	findings TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, evidence TEXT, 
	CONSTRAINT pk_gate_result PRIMARY KEY (model, challenger), 
	CONSTRAINT ck_gate_result_interval CHECK ((low IS NULL) = (high IS NULL)), 
	CONSTRAINT ck_gate_result_counts CHECK (rows >= 0 AND generation >= 0), 
	CONSTRAINT fk_gate_result_model_challenger FOREIGN KEY(model, challenger) REFERENCES version (model, version), 
	CONSTRAINT fk_gate_result_model FOREIGN KEY(model) REFERENCES model (name)
);
CREATE TABLE promotion (
	model TEXT NOT NULL, 
	generation INTEGER NOT NULL, 
	act TEXT NOT NULL, 
	from_version INTEGER, 
	to_version INTEGER NOT NULL, 
	run_key TEXT NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	baseline TEXT NOT NULL, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_promotion PRIMARY KEY (model, generation), 
	CONSTRAINT ck_promotion_act CHECK (act IN ('promote', 'rollback')), 
	CONSTRAINT ck_promotion_versions CHECK (from_version IS NULL OR from_version <> to_version), 
	CONSTRAINT ck_promotion_generation CHECK (generation >= 1), 
	CONSTRAINT fk_promotion_model_from_version FOREIGN KEY(model, from_version) REFERENCES version (model, version), 
	CONSTRAINT fk_promotion_model_to_version FOREIGN KEY(model, to_version) REFERENCES version (model, version), 
	CONSTRAINT fk_promotion_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT uq_promotion_model_run_key UNIQUE (model, run_key)
);
CREATE TABLE scoring (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	window_start VARCHAR(32) NOT NULL, 
	window_end VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	version INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	snapshot_id INTEGER NOT NULL, 
	sha256 TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_scoring PRIMARY KEY (id), 
	CONSTRAINT ck_scoring_role CHECK (role IN ('champion', 'shadow')), 
	CONSTRAINT ck_scoring_rows CHECK (rows >= 0), 
	CONSTRAINT ck_scoring_window CHECK (window_start < window_end), 
	CONSTRAINT fk_scoring_model_version FOREIGN KEY(model, version) REFERENCES version (model, version), 
	CONSTRAINT fk_scoring_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT fk_scoring_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id), 
	CONSTRAINT uq_scoring_snapshot_id_version UNIQUE (snapshot_id, version)
);
CREATE INDEX ix_scoring_model_window_start_window_end_version ON scoring (model, window_start, window_end, version);
CREATE TABLE validation (
	model TEXT NOT NULL, 
	window_start VARCHAR(32) NOT NULL, 
	window_end VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	snapshot_id INTEGER NOT NULL, 
	set_id INTEGER NOT NULL, 
	passed BOOLEAN NOT NULL, 
	rows_kept INTEGER NOT NULL, 
	rows_quarantined INTEGER NOT NULL, 
	kept_sha256 TEXT NOT NULL, 
	quarantine_sha256 TEXT, 
	created_at VARCHAR(32) NOT NULL, profile_sha256 TEXT, 
	CONSTRAINT pk_validation PRIMARY KEY (snapshot_id), 
	CONSTRAINT ck_validation_rows CHECK (rows_kept >= 0 AND rows_quarantined >= 0), 
	CONSTRAINT ck_validation_window CHECK (window_start < window_end), 
	CONSTRAINT fk_validation_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT fk_validation_set_id FOREIGN KEY(set_id) REFERENCES finding_set (id), 
	CONSTRAINT fk_validation_snapshot_id FOREIGN KEY(snapshot_id) REFERENCES snapshot (id)
);
CREATE INDEX ix_validation_model_window_start_window_end ON validation (model, window_start, window_end);
CREATE INDEX ix_validation_set_id ON validation (set_id);
CREATE TRIGGER decision_append_only_update BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END;
CREATE TRIGGER decision_append_only_delete BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'decision is append-only'); END;
CREATE TRIGGER gate_result_append_only_update BEFORE UPDATE ON gate_result BEGIN SELECT RAISE(ABORT, 'gate_result is append-only'); END;
CREATE TRIGGER gate_result_append_only_delete BEFORE DELETE ON gate_result BEGIN SELECT RAISE(ABORT, 'gate_result is append-only'); END;
CREATE TRIGGER promotion_append_only_update BEFORE UPDATE ON promotion BEGIN SELECT RAISE(ABORT, 'promotion is append-only'); END;
CREATE TRIGGER promotion_append_only_delete BEFORE DELETE ON promotion BEGIN SELECT RAISE(ABORT, 'promotion is append-only'); END;
CREATE TABLE replay (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	start VARCHAR(32) NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	costs TEXT NOT NULL, 
	outcomes TEXT NOT NULL, 
	advice TEXT NOT NULL, 
	picture_sha256 TEXT NOT NULL, 
	page_sha256 TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_replay PRIMARY KEY (id), 
	CONSTRAINT ck_replay_span CHECK (start < as_of), 
	CONSTRAINT fk_replay_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT uq_replay_key UNIQUE ("key")
);
CREATE TABLE event (
	model TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	record TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	as_of VARCHAR(32), 
	actor TEXT NOT NULL, 
	content_sha256 TEXT NOT NULL, 
	before_sha256 TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	signature TEXT, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_event PRIMARY KEY (model, number), 
	CONSTRAINT ck_event_kind CHECK (kind IN ('anchor', 'spec', 'schema', 'snapshot', 'labels', 'findings', 'validation', 'scored', 'observed', 'decision', 'training', 'verdict', 'refit', 'approval', 'promotion', 'rejection', 'rollback', 'report', 'replay', 'erasure')), 
	CONSTRAINT ck_event_counts CHECK (number >= 1 AND rows >= 0), 
	CONSTRAINT fk_event_model FOREIGN KEY(model) REFERENCES model (name)
)
 WITHOUT ROWID

;
CREATE TRIGGER event_append_only_update BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
CREATE TRIGGER event_append_only_delete BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
CREATE INDEX ix_observation_measured ON observation (model, quantity, subject, window_start) WHERE quantity <> 'column_drift';
CREATE INDEX ix_replay_model_id ON replay (model, id);
CREATE TABLE approval (
	model TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	answer TEXT NOT NULL, 
	comment TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	via TEXT NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_approval PRIMARY KEY (model, version), 
	CONSTRAINT ck_approval_answer CHECK (answer IN ('approved', 'rejected', 'expired')), 
	CONSTRAINT fk_approval_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT fk_approval_model_version FOREIGN KEY(model, version) REFERENCES version (model, version)
);
CREATE INDEX ix_version_unsettled ON version (model, version) WHERE stage = 'challenger';
CREATE TRIGGER approval_append_only_update BEFORE UPDATE ON approval BEGIN SELECT RAISE(ABORT, 'approval is append-only'); END;
CREATE TRIGGER approval_append_only_delete BEFORE DELETE ON approval BEGIN SELECT RAISE(ABORT, 'approval is append-only'); END;
CREATE TABLE erasure (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	"column" TEXT NOT NULL, 
	keys TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	reason TEXT NOT NULL, 
	actor TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_erasure PRIMARY KEY (id), 
	CONSTRAINT ck_erasure_rows CHECK (rows >= 1), 
	CONSTRAINT fk_erasure_model FOREIGN KEY(model) REFERENCES model (name)
);
CREATE INDEX ix_erasure_model_id ON erasure (model, id);
CREATE TABLE tombstone (
	id INTEGER NOT NULL, 
	model TEXT NOT NULL, 
	erasure_id INTEGER NOT NULL, 
	record TEXT NOT NULL, 
	"key" TEXT NOT NULL, 
	field TEXT NOT NULL, 
	window_start VARCHAR(32), 
	window_end VARCHAR(32), 
	old_sha256 TEXT NOT NULL, 
	new_sha256 TEXT NOT NULL, 
	rows INTEGER NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_tombstone PRIMARY KEY (id), 
	CONSTRAINT ck_tombstone_rows CHECK (rows >= 1), 
	CONSTRAINT ck_tombstone_record CHECK (record IN ('snapshot', 'validation', 'scoring', 'version')), 
	CONSTRAINT ck_tombstone_window CHECK ((window_start IS NULL) = (window_end IS NULL)), 
	CONSTRAINT ck_tombstone_digests CHECK (old_sha256 <> new_sha256), 
	CONSTRAINT fk_tombstone_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT fk_tombstone_erasure_id FOREIGN KEY(erasure_id) REFERENCES erasure (id)
);
CREATE INDEX ix_tombstone_model_record_key ON tombstone (model, record, "key");
CREATE INDEX ix_tombstone_erasure_id ON tombstone (erasure_id);
CREATE INDEX ix_tombstone_old_sha256 ON tombstone (old_sha256);
CREATE TABLE erasure_end (
	model TEXT NOT NULL, 
	erasure_id INTEGER NOT NULL, 
	removed INTEGER NOT NULL, 
	actor TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_erasure_end PRIMARY KEY (erasure_id), 
	CONSTRAINT ck_erasure_end_removed CHECK (removed >= 0), 
	CONSTRAINT fk_erasure_end_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT fk_erasure_end_erasure_id FOREIGN KEY(erasure_id) REFERENCES erasure (id)
);
CREATE TRIGGER erasure_append_only_update BEFORE UPDATE ON erasure BEGIN SELECT RAISE(ABORT, 'erasure is append-only'); END;
CREATE TRIGGER erasure_append_only_delete BEFORE DELETE ON erasure BEGIN SELECT RAISE(ABORT, 'erasure is append-only'); END;
CREATE TRIGGER tombstone_append_only_update BEFORE UPDATE ON tombstone BEGIN SELECT RAISE(ABORT, 'tombstone is append-only'); END;
CREATE TRIGGER tombstone_append_only_delete BEFORE DELETE ON tombstone BEGIN SELECT RAISE(ABORT, 'tombstone is append-only'); END;
CREATE TRIGGER erasure_end_append_only_update BEFORE UPDATE ON erasure_end BEGIN SELECT RAISE(ABORT, 'erasure_end is append-only'); END;
CREATE TRIGGER erasure_end_append_only_delete BEFORE DELETE ON erasure_end BEGIN SELECT RAISE(ABORT, 'erasure_end is append-only'); END;
CREATE TABLE shadow_verdict (
	model TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	ending TEXT NOT NULL, 
	sentence TEXT NOT NULL, 
	difference DOUBLE, 
	low DOUBLE, 
	high DOUBLE, 
	rows INTEGER NOT NULL, 
	as_of VARCHAR(32) NOT NULL, 
	evidence TEXT NOT NULL, 
	created_at VARCHAR(32) NOT NULL, 
	CONSTRAINT pk_shadow_verdict PRIMARY KEY (model, version), 
	CONSTRAINT ck_shadow_verdict_ending CHECK (ending IN ('passed', 'rejected', 'stale', 'superseded')), 
	CONSTRAINT ck_shadow_verdict_interval CHECK ((low IS NULL) = (high IS NULL)), 
	CONSTRAINT ck_shadow_verdict_rows CHECK (rows >= 0), 
	CONSTRAINT fk_shadow_verdict_model FOREIGN KEY(model) REFERENCES model (name), 
	CONSTRAINT fk_shadow_verdict_model_version FOREIGN KEY(model, version) REFERENCES version (model, version)
);
CREATE TRIGGER shadow_verdict_append_only_update BEFORE UPDATE ON shadow_verdict BEGIN SELECT RAISE(ABORT, 'shadow_verdict is append-only'); END;
CREATE TRIGGER shadow_verdict_append_only_delete BEFORE DELETE ON shadow_verdict BEGIN SELECT RAISE(ABORT, 'shadow_verdict is append-only'); END;
INSERT INTO alembic_version (version_num) VALUES ('0010');
