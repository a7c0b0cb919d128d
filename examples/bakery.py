# What a policy writes in the gurobipy dialect; a solver host runs it.
import gurobipy as gp
from gurobipy import GRB

m = gp.Model()
rye = m.addVar(vtype=GRB.INTEGER, name="rye")
oat = m.addVar(vtype=GRB.INTEGER, name="oat")
m.addConstr(rye + oat <= 80, name="oven")
m.addConstr(2 * rye + oat <= 100, name="flour")
m.setObjective(4 * rye + 3 * oat, GRB.MAXIMIZE)
m.optimize()
print(m.ObjVal)
