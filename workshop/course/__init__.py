"""The course as data: stages, steps, mutants, hints. This package exports what other rooms use most."""

from workshop.course.model import TIERS as TIERS
from workshop.course.model import Course as Course
from workshop.course.model import Kind as Kind
from workshop.course.model import Mutant as Mutant
from workshop.course.model import Stage as Stage
from workshop.course.model import load as load
from workshop.course.model import nearest as nearest
from workshop.course.model import stage_names as stage_names
from workshop.course.model import visible as visible
from workshop.course.steps import TOOL as TOOL
from workshop.course.steps import Step as Step
from workshop.course.steps import Test as Test
from workshop.course.toml_fields import CourseError as CourseError
