"""One set of results and its report, shared by the tests that only look at them."""

import pytest

from explain.report.data import ReportData
from explain.report.page import write_report
from tests.explain.results import report_data


@pytest.fixture(scope="session")
def results() -> ReportData:
    return report_data()


@pytest.fixture(scope="session")
def page(results: ReportData, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_report(results, tmp_path_factory.mktemp("report")).read_text()
